//! The data sets that can be fetched: where from, and what their files are known to be.
//!
//! Sizes and SHA-256 sums are those published in TensorFlow Datasets' checksum lists.

/// What has to be done with the files once they are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unpack {
    /// Nothing: they are read as they are.
    Nothing,
    /// The batches are taken out of a .tar.gz archive.
    Cifar,
    /// The IDX files of each split are taken out of a .zip archive into a folder of the split.
    Emnist,
}

/// A data set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) name: &'static str,
    /// Addresses before the names of files; the first that answers rightly is used.
    pub(crate) mirrors: &'static [&'static str],
    pub(crate) files: &'static [Remote],
    pub(crate) unpack: Unpack,
}

/// A file and what it must be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Remote {
    pub(crate) name: &'static str,
    pub(crate) bytes: u64,
    pub(crate) sha256: &'static str,
}

const fn file(name: &'static str, bytes: u64, sha256: &'static str) -> Remote {
    Remote { name, bytes, sha256 }
}

/// The splits of EMNIST, each a data set by itself, called `emnist-balanced` and so on.
pub(crate) const EMNIST_SPLITS: [&str; 6] = ["balanced", "byclass", "bymerge", "digits", "letters", "mnist"];

/// All that can be fetched.
pub(crate) const KNOWN: [Known; 5] = [
    Known {
        name: "mnist",
        mirrors: &[
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
        ],
        files: &[
            file(
                "train-images-idx3-ubyte.gz",
                9_912_422,
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            ),
            file(
                "train-labels-idx1-ubyte.gz",
                28_881,
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            ),
            file(
                "t10k-images-idx3-ubyte.gz",
                1_648_877,
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            ),
            file(
                "t10k-labels-idx1-ubyte.gz",
                4_542,
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            ),
        ],
        unpack: Unpack::Nothing,
    },
    Known {
        name: "fashion-mnist",
        mirrors: &["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"],
        files: &[
            file(
                "train-images-idx3-ubyte.gz",
                26_421_880,
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            ),
            file(
                "train-labels-idx1-ubyte.gz",
                29_515,
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            ),
            file(
                "t10k-images-idx3-ubyte.gz",
                4_422_102,
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            ),
            file(
                "t10k-labels-idx1-ubyte.gz",
                5_148,
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            ),
        ],
        unpack: Unpack::Nothing,
    },
    Known {
        name: "cifar10",
        mirrors: &["https://www.cs.toronto.edu/~kriz/"],
        files: &[file(
            "cifar-10-binary.tar.gz",
            170_052_171,
            "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        )],
        unpack: Unpack::Cifar,
    },
    Known {
        name: "small-norb",
        mirrors: &["https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/"],
        files: &[
            file(
                "smallnorb-5x46789x9x18x6x2x96x96-training-dat.mat.gz",
                131_896_188,
                "5ffd6272a07d32695ee1082a26a41a93a37aab8c28da047f8c34ed348d214873",
            ),
            file(
                "smallnorb-5x46789x9x18x6x2x96x96-training-cat.mat.gz",
                348,
                "2784e542c1922060691090952b6cd6278879a216c90f81476f0f00256d42cdaa",
            ),
            file(
                "smallnorb-5x01235x9x18x6x2x96x96-testing-dat.mat.gz",
                130_799_817,
                "cf7104eed3e51174d2f65b66d1e5878b9da233b886f161b0d88f4510ba2c7474",
            ),
            file(
                "smallnorb-5x01235x9x18x6x2x96x96-testing-cat.mat.gz",
                347,
                "ecaf6d5bb8c3bc5eab9cf0258f6d2198dd474e016e374836fc097f2e5ff509ff",
            ),
        ],
        unpack: Unpack::Nothing,
    },
    Known {
        name: "emnist",
        mirrors: &[
            "https://biometrics.nist.gov/cs_links/EMNIST/",
            "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/",
        ],
        files: &[file(
            "gzip.zip",
            561_753_746,
            "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e",
        )],
        unpack: Unpack::Emnist,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_have_the_form_of_sha256() {
        for file in KNOWN.iter().flat_map(|known| known.files) {
            assert_eq!(file.sha256.len(), 64, "{}", file.name);
            assert!(
                file.sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
                "{}",
                file.name
            );
        }
        assert!(KNOWN.iter().flat_map(|known| known.mirrors).all(|mirror| mirror.ends_with('/')));
    }
}
