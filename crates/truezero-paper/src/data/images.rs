//! Image data: the sets found in a folder, or the embedded digits.

use std::fs;
use std::path::{Path, PathBuf};

use truezero_data::formats::{cifar, norb};
use truezero_data::{
    DataError, EMBEDDED, Notices, Portion, PreprocessOptions, Preprocessing, Raw, Source, SourceSpec, Task,
    open, split,
};

use super::{Split, concatenate, interleave};

/// Of the training examples of a set that has no validation part, one in so many becomes one: of MNIST's
/// 60,000, the paper's 10,000.
const VALIDATION_SHARE: usize = 6;
/// Of the seed that chooses validation examples; the same for all runs, so that they can be compared.
const SPLIT_SEED: u64 = 0;
/// The folder of a class of CIFAR-10, by which its images are known.
const CIFAR_CLASS: &str = "airplane";
/// How the names of files of MNIST's training images begin, after what names the set.
const IDX_TRAIN: &str = "train-images";
/// EMNIST's sets, the one preferred first: all 62 classes, as in the paper's data.
const EMNIST: [&str; 6] = [
    "emnist-byclass",
    "emnist-bymerge",
    "emnist-balanced",
    "emnist-letters",
    "emnist-digits",
    "emnist-mnist",
];

/// An image data set of the paper, or its substitute. The order is that of the paper's table 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImageSet {
    /// The embedded sample of MNIST.
    Digits,
    /// Handwritten digits.
    Mnist,
    /// Small photographs of ten kinds of things.
    Cifar10,
    /// Handwritten letters and digits, in place of the paper's NISTP, which is not public.
    Emnist,
    /// Toys photographed by two cameras.
    Norb,
}

impl ImageSet {
    /// In file names and for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Digits => EMBEDDED,
            Self::Mnist => "mnist",
            Self::Cifar10 => "cifar10",
            Self::Emnist => "emnist",
            Self::Norb => "norb",
        }
    }

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Digits => "digits5k",
            Self::Mnist => "MNIST",
            Self::Cifar10 => "CIFAR-10",
            Self::Emnist => "EMNIST",
            Self::Norb => "NORB",
        }
    }

    /// What the reader must know of it.
    fn remark(self, path: &str) -> &'static str {
        match self {
            Self::Digits => " (5,000 of MNIST's digits that come with truezero: a substitute for MNIST)",
            Self::Emnist => " (a substitute for NISTP, which is not public: without its distortions)",
            Self::Norb => " (small NORB, of 24,300 pairs: a substitute for the paper's larger variant)",
            Self::Cifar10 if !Path::new(path).join(cifar::TEST).exists() => {
                " (images from files; if they are JPEG, not pixel for pixel the original)"
            }
            Self::Mnist | Self::Cifar10 => "",
        }
    }
}

/// An image data set that can be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which it is.
    pub set: ImageSet,
    /// As `truezero train` takes it.
    source: String,
}

/// The image data sets in a folder and the folders in it, each set once, in the order of the paper's table
/// 1; the embedded digits if there is none.
///
/// # Errors
/// If the folder cannot be read.
pub fn images(folder: Option<&Path>) -> Result<Vec<Found>, DataError> {
    let mut found = Vec::new();
    if let Some(folder) = folder {
        let mut folders = vec![folder.to_owned()];
        folders.extend(entries(folder)?.into_iter().filter(|path| path.is_dir()));
        for folder in folders {
            look(&folder, &mut found)?;
        }
    }
    if found.is_empty() {
        found.push(Found { set: ImageSet::Digits, source: EMBEDDED.to_owned() });
    }
    found.sort_by_key(|found| found.set);
    found.dedup_by_key(|found| found.set);
    Ok(found)
}

/// Notes what a folder itself holds.
fn look(folder: &Path, found: &mut Vec<Found>) -> Result<(), DataError> {
    let mut add = |set, path: &Path| found.push(Found { set, source: path.display().to_string() });
    let names: Vec<String> =
        entries(folder)?.iter().filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect();
    let begins = |start: &str| names.iter().any(|name| name.starts_with(start));
    let emnist = EMNIST.iter().find(|set| begins(&format!("{set}-{IDX_TRAIN}")));
    if begins(IDX_TRAIN) {
        add(ImageSet::Mnist, folder);
    } else if let Some(set) = emnist {
        add(ImageSet::Emnist, &folder.join(set));
    }
    let classes = |part: &str| folder.join(part).join(CIFAR_CLASS).is_dir();
    if begins(cifar::TEST) || classes("train") && classes("test") {
        add(ImageSet::Cifar10, folder);
    }
    if begins(norb::TRAIN) {
        add(ImageSet::Norb, folder);
    }
    Ok(())
}

/// What a folder holds, in the order of names.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let entries = fs::read_dir(folder).map_err(DataError::io("read", folder))?;
    let mut paths = entries
        .map(|entry| Ok(entry.map_err(DataError::io("read", folder))?.path()))
        .collect::<Result<Vec<_>, DataError>>()?;
    paths.sort();
    Ok(paths)
}

impl Found {
    /// Reads the set and makes its parts: those of the paper, where it is the paper's set. CIFAR-10's test
    /// part is halved into validation and test; another set's validation part is a sixth of the training
    /// part, each class in its proportion.
    ///
    /// # Errors
    /// If the data cannot be read, or has no test part.
    pub fn load(&self) -> Result<Split, DataError> {
        let Source { train, validation, test, .. } = open(&SourceSpec::new(self.source.clone()))?;
        let test = test.ok_or_else(|| DataError::unsuitable(&self.source, "a test part", "none"))?;
        let image = train.image;
        let apart = |raw: &Raw, share: usize| {
            let count = Portion::Count((raw.examples() / share).max(1));
            let rows: Vec<usize> = (0..raw.examples()).collect();
            split(raw.target.as_ref(), Some(Task::Classify), &rows, count, SPLIT_SEED)
        };
        let all: Vec<usize> = (0..train.examples()).collect();
        let options = PreprocessOptions { task: Some(Task::Classify), ..PreprocessOptions::default() };
        let fit = |raw: &Raw, rows: &[usize]| Preprocessing::fit(raw, rows, &options);

        let (preprocessing, data, mut rows, validation, test) = if let Some(validation) = validation {
            let preprocessing = fit(&train, &all)?;
            let data = concatenate(
                preprocessing.dataset(train, &Notices::default())?,
                &preprocessing.dataset(validation, &Notices::default())?,
            );
            let rest = (all.len()..data.examples()).collect();
            let test = preprocessing.dataset(test, &Notices::default())?;
            (preprocessing, data, all, rest, test)
        } else if self.set == ImageSet::Cifar10 {
            let preprocessing = fit(&train, &all)?;
            let (judged, chosen) = apart(&test, 2)?;
            let test = preprocessing.dataset(test, &Notices::default())?;
            let data = concatenate(preprocessing.dataset(train, &Notices::default())?, &test.select(&chosen));
            let rest = (all.len()..data.examples()).collect();
            (preprocessing, data, all, rest, test.select(&judged))
        } else {
            let (kept, held) = apart(&train, VALIDATION_SHARE)?;
            let preprocessing = fit(&train, &kept)?;
            let (data, test) = (
                preprocessing.dataset(train, &Notices::default())?,
                preprocessing.dataset(test, &Notices::default())?,
            );
            (preprocessing, data, kept, held, test)
        };
        interleave(&mut rows, &data.targets);
        let mut split = Split {
            name: self.set.as_str().to_owned(),
            label: String::new(),
            labels: preprocessing.labels().to_vec(),
            data,
            train: rows,
            validation,
            test,
            image,
            preprocessing: Some(preprocessing),
            ratings: Vec::new(),
        };
        split.label = format!("{}{}: {}", self.set.title(), self.set.remark(&self.source), split.sizes());
        Ok(split)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use truezero_data::Targets;

    use super::*;

    #[test]
    fn the_digits_are_there_without_a_folder() {
        let found = images(None).unwrap();
        assert_eq!(found.len(), 1);
        let split = found[0].load().unwrap();
        assert_eq!((split.train.len(), split.validation.len(), split.test.examples()), (4000, 500, 500));
        assert!(split.label.contains("a substitute for MNIST): 4,000 training"), "{}", split.label);
        assert_eq!(split.validation[..2], [4000, 4001]);
        assert_eq!(split.labels.len(), 10);
    }

    #[test]
    fn sets_are_found_in_a_folder_and_in_its_folders() {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        let names =
            || images(Some(place.path())).unwrap().into_iter().map(|found| found.set).collect::<Vec<_>>();
        assert_eq!(names(), [ImageSet::Digits]);
        fs::create_dir_all(path("photos/train/airplane")).unwrap();
        assert_eq!(names(), [ImageSet::Digits], "a test part is missing");
        fs::create_dir_all(path("photos/test/airplane")).unwrap();
        fs::create_dir_all(path("letters")).unwrap();
        File::create(path("letters/emnist-letters-train-images-idx3-ubyte.gz")).unwrap();
        File::create(path("letters/emnist-byclass-train-images-idx3-ubyte.gz")).unwrap();
        File::create(path("train-images-idx3-ubyte")).unwrap();
        File::create(path(&format!("{}-dat.mat", norb::TRAIN))).unwrap();
        assert_eq!(names(), [ImageSet::Mnist, ImageSet::Cifar10, ImageSet::Emnist, ImageSet::Norb]);
        let found = images(Some(place.path())).unwrap();
        assert!(found[2].source.ends_with("emnist-byclass"), "{}", found[2].source);
    }

    /// An IDX file of bytes.
    fn idx(dimensions: &[usize], body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, dimensions.len() as u8];
        bytes.extend(dimensions.iter().flat_map(|&size| (size as u32).to_be_bytes()));
        bytes.extend(body);
        bytes
    }

    #[test]
    fn a_sixth_of_the_training_part_is_to_choose_by() {
        let place = tempfile::tempdir().unwrap();
        for (part, count) in [("train", 60), ("t10k", 10)] {
            let pixels: Vec<u8> = (0..count * 4).map(|at| at as u8).collect();
            let labels: Vec<u8> = (0..count).map(|at| (at % 2) as u8).collect();
            fs::write(place.path().join(format!("{part}-images-idx3-ubyte")), idx(&[count, 2, 2], &pixels))
                .unwrap();
            fs::write(place.path().join(format!("{part}-labels-idx1-ubyte")), idx(&[count], &labels))
                .unwrap();
        }
        let split = images(Some(place.path())).unwrap()[0].load().unwrap();
        assert_eq!((split.train.len(), split.validation.len(), split.test.examples()), (50, 10, 10));
        assert!(split.train.iter().all(|row| !split.validation.contains(row)));
        let Targets::Classes { labels, .. } = &split.data.targets else { panic!("expected classes") };
        let ones = |rows: &[usize]| rows.iter().filter(|&&row| labels[row] == 1).count();
        assert_eq!((ones(&split.validation), ones(&split.train), ones(&split.train[..10])), (5, 25, 5));
    }
}
