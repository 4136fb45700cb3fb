//! Thrift's compact protocol, in which Parquet's metadata are written: as much of it as it takes to go through a
//! structure without making anything of it.
//!
//! A structure is a row of fields, each with a number and a type, up to a field of type 0. Numbers are of variable
//! length; a list says how many elements it has.

/// Structures and lists may stand in each other so deep; those of Parquet do to 8.
const MAX_DEPTH: usize = 32;

/// What does not follow the protocol, in words.
pub(super) type Fault = &'static str;

/// The type of a field or an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// With its value, if it is a field.
    Bool(bool),
    Byte,
    /// Of 16, 32 or 64 bits.
    Integer,
    Double,
    Bytes,
    /// Or a set.
    List,
    Map,
    Struct,
    Uuid,
}

impl Kind {
    fn new(code: u8) -> Result<Self, Fault> {
        Ok(match code {
            1 => Self::Bool(true),
            2 => Self::Bool(false),
            3 => Self::Byte,
            4..=6 => Self::Integer,
            7 => Self::Double,
            8 => Self::Bytes,
            9 | 10 => Self::List,
            11 => Self::Map,
            12 => Self::Struct,
            13 => Self::Uuid,
            _ => return Err("a field of an unknown type"),
        })
    }
}

/// Goes through bytes.
#[derive(Debug)]
pub(super) struct Walker<'a> {
    bytes: &'a [u8],
    depth: usize,
}

impl<'a> Walker<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, depth: 0 }
    }

    /// Bytes that are left.
    pub(super) fn left(&self) -> usize {
        self.bytes.len()
    }

    /// Goes through a structure. `field` is called for each of its fields, and goes through its value.
    pub(super) fn structure(
        &mut self,
        mut field: impl FnMut(&mut Self, i64, Kind) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.deeper()?;
        let mut number = 0_i64;
        loop {
            let head = self.byte()?;
            if head == 0 {
                self.depth -= 1;
                return Ok(());
            }
            number = match head >> 4 {
                0 => self.integer()?,
                step => number.wrapping_add(i64::from(step)),
            };
            field(self, number, Kind::new(head & 0xf)?)?;
        }
    }

    /// Goes through a list. `element` is called for each of its elements, and goes through it.
    pub(super) fn list(
        &mut self,
        mut element: impl FnMut(&mut Self, Kind) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.deeper()?;
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.varint()?,
            count => u64::from(count),
        };
        // Every element takes a byte or more.
        if count > self.left() as u64 {
            return Err("a list of more elements than there are bytes");
        }
        if count > 0 {
            let kind = Kind::new(head & 0xf)?;
            (0..count).try_for_each(|_| element(self, kind))?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// An integer, which may be negative.
    pub(super) fn integer(&mut self) -> Result<i64, Fault> {
        let zigzag = self.varint()?;
        Ok((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }

    /// Goes through the value of a field.
    pub(super) fn skip(&mut self, kind: Kind) -> Result<(), Fault> {
        match kind {
            Kind::Bool(_) => Ok(()),
            Kind::Byte => self.advance(1),
            Kind::Integer => self.varint().map(|_| ()),
            Kind::Double => self.advance(8),
            Kind::Uuid => self.advance(16),
            Kind::Bytes => {
                let length = self.varint()?;
                self.advance(usize::try_from(length).map_err(|_| SHORT)?)
            }
            Kind::List => self.list(Self::skip_element),
            Kind::Struct => self.structure(|walker, _, kind| walker.skip(kind)),
            Kind::Map => self.skip_map(),
        }
    }

    /// Unlike a field, an element that is a truth value takes a byte.
    fn skip_element(&mut self, kind: Kind) -> Result<(), Fault> {
        if let Kind::Bool(_) = kind { self.advance(1) } else { self.skip(kind) }
    }

    fn skip_map(&mut self) -> Result<(), Fault> {
        let count = self.varint()?;
        if count == 0 {
            return Ok(());
        }
        self.deeper()?;
        let kinds = self.byte()?;
        let (key, value) = (Kind::new(kinds >> 4)?, Kind::new(kinds & 0xf)?);
        for _ in 0..count {
            self.skip_element(key)?;
            self.skip_element(value)?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn deeper(&mut self) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err("structures nested too deep") } else { Ok(()) }
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        let (&first, rest) = self.bytes.split_first().ok_or(SHORT)?;
        self.bytes = rest;
        Ok(first)
    }

    fn varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err("a number of more than 64 bits")
    }

    fn advance(&mut self, count: usize) -> Result<(), Fault> {
        self.bytes = self.bytes.get(count..).ok_or(SHORT)?;
        Ok(())
    }
}

/// The end, where something was to come.
const SHORT: Fault = "the end of the metadata";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_types_are_passed_over_to_the_byte() {
        // Fields 1 true, 2 byte, 3 integer -2, 4 double, 5 "ab", 6 list of 2 bools, 7 map {1: 1}, 8 {}, 9 uuid, 30 integer 1.
        let mut bytes = vec![0x11, 0x13, 9, 0x15, 3, 0x17];
        bytes.extend([0; 8]);
        bytes.extend([0x18, 2, b'a', b'b', 0x19, 0x21, 1, 2, 0x1b, 1, 0x55, 2, 2, 0x1c, 0, 0x1d]);
        bytes.extend([0; 16]);
        bytes.extend([0x05, 60, 2, 0, 77]);
        let mut walker = Walker::new(&bytes);
        let mut seen = Vec::new();
        walker
            .structure(|walker, number, kind| {
                seen.push(number);
                if number == 3 {
                    assert_eq!(walker.integer(), Ok(-2));
                    return Ok(());
                }
                walker.skip(kind)
            })
            .unwrap();
        assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7, 8, 9, 30]);
        assert_eq!(walker.left(), 1);
        for length in 0..bytes.len() - 1 {
            let cut = Walker::new(&bytes[..length]).structure(|walker, _, kind| walker.skip(kind));
            assert!(cut.is_err(), "cut to {length}");
        }
    }

    #[test]
    fn neither_depth_nor_length_can_be_pretended() {
        let nested = vec![0x1c; 100_000];
        let fault = Walker::new(&nested).skip(Kind::Struct).unwrap_err();
        assert_eq!(fault, "structures nested too deep");
        let lists = vec![0x19; 100_000];
        assert!(Walker::new(&lists).skip(Kind::List).is_err());
        let long = [0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0];
        let fault = Walker::new(&long).skip(Kind::Struct).unwrap_err();
        assert_eq!(fault, "a list of more elements than there are bytes");
        assert!(Walker::new(&[0xff; 20]).integer().is_err());
    }
}
