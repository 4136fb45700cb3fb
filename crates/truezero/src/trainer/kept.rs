//! The best weights, kept while training moves on, without a second network in memory if it is large.

use std::env;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Error;
use crate::network::Network;
use crate::store::description::{Description, tensors};
use crate::store::read::TensorFile;
use crate::store::write::{Tensor, write_to};

/// Weights and biases up to which a copy stays in memory: 64 MB of them.
pub(crate) const KEPT_IN_MEMORY: usize = 1 << 24;

/// Where weights are.
#[derive(Clone, Debug)]
pub(super) enum Kept {
    /// They are those that the network has now.
    Now,
    /// A copy in memory.
    Memory(Arc<Network>),
    /// A copy in a file without a name, which the system removes when it is closed.
    File(Arc<TensorFile>),
}

impl Kept {
    /// Copies the network's weights, which are about to change. If a large network does not fit on the
    /// disk, memory has to do.
    pub(super) fn copy(network: &Network) -> Self {
        if network.parameters() > KEPT_IN_MEMORY
            && let Ok(file) = store(network)
        {
            Self::File(Arc::new(file))
        } else {
            Self::Memory(Arc::new(network.clone()))
        }
    }

    /// The weights; `now` is the network as it is now.
    pub(super) fn into_network(self, now: Network) -> Result<Network, Error> {
        match self {
            Self::Now => Ok(now),
            Self::Memory(network) => Ok(Arc::unwrap_or_clone(network)),
            Self::File(file) => {
                drop(now); // before memory is taken for the other
                let tensors = file.parse()?;
                tensors.document::<Description>("the shape of a network")?.read(&tensors, "")
            }
        }
    }

    /// The weights as tensors, their names starting with `prefix`; `now` is the network as it is now.
    pub(super) fn tensors<'a>(
        &'a self,
        now: &'a Network,
        prefix: &str,
    ) -> Result<Vec<(String, Tensor<'a>)>, Error> {
        Ok(match self {
            Self::Now => tensors(now, prefix),
            Self::Memory(network) => tensors(network, prefix),
            Self::File(file) => file.parse()?.all(prefix).collect(),
        })
    }
}

fn store(network: &Network) -> Result<TensorFile, Error> {
    let (folder, file) = unnamed_file()?;
    let path = folder.join("a temporary file");
    write_to(&file, &Description::of(network), tensors(network, "")).map_err(|source| Error::Io {
        operation: "write",
        path: path.clone(),
        source,
    })?;
    TensorFile::from_file(&path, file)
}

/// A file without a name, and the folder it is in: the one for temporary files, but unless the user
/// has named it, rather the one for large ones, since the other is often kept in memory.
fn unnamed_file() -> Result<(PathBuf, File), Error> {
    let large = Path::new("/var/tmp");
    if cfg!(unix)
        && env::var_os("TMPDIR").is_none()
        && let Ok(file) = tempfile::tempfile_in(large)
    {
        return Ok((large.to_owned(), file));
    }
    let folder = env::temp_dir();
    let created: io::Result<File> = tempfile::tempfile_in(&folder);
    match created {
        Ok(file) => Ok((folder, file)),
        Err(source) => Err(Error::Io { operation: "write", path: folder, source }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use truezero_data::{Dataset, Targets};
    use truezero_sparse::{Batch, DenseBatch};

    use super::super::{Control, Trainer};
    use super::*;
    use crate::evaluate::Examples;
    use crate::options::TrainingOptions;

    #[test]
    fn weights_kept_in_a_file_are_those_kept_in_memory() {
        let rows: Vec<usize> = (0..12).collect();
        let inputs: Vec<f32> = (0..12 * 5).map(|k| (k * k % 7) as f32 - 2.0).collect();
        let labels = rows.iter().map(|row| (row % 3) as u32).collect();
        let data = Dataset {
            inputs: Batch::Dense(DenseBatch::from_rows(5, &inputs)),
            targets: Targets::Classes { labels, classes: 3 },
            weights: None,
        };
        let examples = Examples { data: &data, rows: &rows };
        // What is learned makes the validation examples, which have other labels, cost more.
        let others = rows.iter().map(|row| ((row + 1) % 3) as u32).collect();
        let others = Dataset { targets: Targets::Classes { labels: others, classes: 3 }, ..data.clone() };
        let validation = Examples { data: &others, rows: &rows };
        let mut options = TrainingOptions {
            hidden: vec![150, 20],
            batch_size: 4,
            sign_trick: true,
            learning_rate: Some(1e-9), // the first epoch stays the best
            ..Default::default()
        };
        options.optimizer.rule = crate::optimizer::Rule::Adam; // the checkpoint holds counts too
        let mut trainer = Trainer::new(options.check().unwrap(), examples, Some(validation), 1).unwrap();
        trainer.epoch(&mut |_| Control::Continue).unwrap();
        let best = trainer.network().clone();
        trainer.epoch(&mut |_| Control::Continue).unwrap();
        assert_ne!(*trainer.network(), best);

        let folder = tempfile::tempdir().unwrap();
        let checkpoint = |trainer: &Trainer<'_>| {
            let path = folder.path().join("checkpoint");
            trainer.save_checkpoint(&path).unwrap();
            fs::read(path).unwrap()
        };
        assert!(
            matches!(&trainer.state.best.as_ref().unwrap().weights, Kept::Memory(kept) if **kept == best)
        );
        let in_memory = checkpoint(&trainer);
        trainer.state.best.as_mut().unwrap().weights = Kept::File(Arc::new(store(&best).unwrap()));
        assert!(checkpoint(&trainer) == in_memory, "the same checkpoint, byte for byte");
        assert_eq!(trainer.finish().unwrap().network, best);
    }

    #[test]
    fn a_file_that_was_cut_is_an_error() {
        let labels = vec![0, 1];
        let data = Dataset {
            inputs: Batch::Dense(DenseBatch::from_rows(1, &[1.0, 2.0])),
            targets: Targets::Classes { labels, classes: 2 },
            weights: None,
        };
        let plan = TrainingOptions { hidden: vec![4], ..Default::default() }.check().unwrap();
        let trainer = Trainer::new(plan, Examples { data: &data, rows: &[0, 1] }, None, 1).unwrap();
        let (folder, file) = unnamed_file().unwrap();
        let network = trainer.network();
        write_to(&file, &Description::of(network), tensors(network, "")).unwrap();
        let kept = Kept::File(Arc::new(TensorFile::from_file(&folder, file.try_clone().unwrap()).unwrap()));
        file.set_len(file.metadata().unwrap().len() - 1).unwrap();
        let refused = kept.into_network(network.clone()).unwrap_err().to_string();
        assert!(refused.starts_with("cannot read "), "{refused}");
    }
}
