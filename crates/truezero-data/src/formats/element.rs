//! Numbers as binary formats store them: a kind, a byte order.

use half::f16;

/// What one number of an array is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    U8,
    U16,
    U32,
    U64,
    I8,
    I16,
    I32,
    I64,
    F16,
    F32,
    F64,
}

/// A kind of number in a byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) kind: Kind,
    pub(crate) big_endian: bool,
}

impl Element {
    /// Bytes one number takes.
    pub(crate) fn size(self) -> usize {
        match self.kind {
            Kind::U8 | Kind::I8 => 1,
            Kind::U16 | Kind::I16 | Kind::F16 => 2,
            Kind::U32 | Kind::I32 | Kind::F32 => 4,
            Kind::U64 | Kind::I64 | Kind::F64 => 8,
        }
    }

    /// Gives the whole numbers stored in `bytes` to `take`, one after the other, if they are of 64 bits: those that
    /// [`each`](Self::each) would round.
    pub(crate) fn each_whole(self, bytes: &[u8], mut take: impl FnMut(i128)) {
        for chunk in bytes.chunks_exact(size_of::<u64>()) {
            let mut stored = [0; size_of::<u64>()];
            stored.copy_from_slice(chunk);
            let number =
                if self.big_endian { u64::from_be_bytes(stored) } else { u64::from_le_bytes(stored) };
            match self.kind {
                Kind::I64 => take(i128::from(number.cast_signed())),
                Kind::U64 => take(i128::from(number)),
                _ => {}
            }
        }
    }

    /// Gives the numbers stored in `bytes` to `take`, one after the other. Integers beyond 2^53 are
    /// rounded.
    pub(crate) fn each(self, bytes: &[u8], mut take: impl FnMut(f64)) {
        macro_rules! each {
            ($number:ty) => {{
                const SIZE: usize = size_of::<$number>();
                for chunk in bytes.chunks_exact(SIZE) {
                    let mut stored = [0; SIZE];
                    stored.copy_from_slice(chunk);
                    take(if self.big_endian {
                        <$number>::from_be_bytes(stored) as f64
                    } else {
                        <$number>::from_le_bytes(stored) as f64
                    });
                }
            }};
        }
        match self.kind {
            Kind::U8 => each!(u8),
            Kind::U16 => each!(u16),
            Kind::U32 => each!(u32),
            Kind::U64 => each!(u64),
            Kind::I8 => each!(i8),
            Kind::I16 => each!(i16),
            Kind::I32 => each!(i32),
            Kind::I64 => each!(i64),
            Kind::F16 => {
                for chunk in bytes.as_chunks().0 {
                    let half =
                        if self.big_endian { f16::from_be_bytes(*chunk) } else { f16::from_le_bytes(*chunk) };
                    take(half.to_f64());
                }
            }
            Kind::F32 => each!(f32),
            Kind::F64 => each!(f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_byte_orders_and_signs() {
        let read = |kind, big_endian, bytes: &[u8]| {
            let mut values = Vec::new();
            Element { kind, big_endian }.each(bytes, |value| values.push(value));
            values
        };
        assert_eq!(read(Kind::I16, true, &[0xff, 0xfe, 0x01, 0x00]), [-2.0, 256.0]);
        assert_eq!(read(Kind::I16, false, &[0xfe, 0xff]), [-2.0]);
        assert_eq!(read(Kind::U64, false, &[1, 0, 0, 0, 0, 0, 0, 0]), [1.0]);
        assert_eq!(read(Kind::F16, false, &f16::from_f32(-1.5).to_le_bytes()), [-1.5]);
        assert_eq!(read(Kind::F32, true, &1.5f32.to_be_bytes()), [1.5]);
        assert_eq!(read(Kind::I8, false, &[0x80]), [-128.0]);
        let mut whole = Vec::new();
        let take = |number| whole.push(number);
        Element { kind: Kind::I64, big_endian: true }.each_whole(&(-3i64).to_be_bytes(), take);
        Element { kind: Kind::U64, big_endian: false }.each_whole(&u64::MAX.to_le_bytes(), |n| whole.push(n));
        assert_eq!(whole, [-3, i128::from(u64::MAX)]);
    }
}
