//! The files of a training: what it reads, and what it writes.

use truezero_data::EMBEDDED;
use truezero_data::files::{InputFiles, Kind, Output, check_companion};

use crate::args::{TrainArgs, checkpoint_of};
use crate::failure::Failure;
use crate::{files, output};

/// Everything that a training reads.
pub fn inputs(args: &TrainArgs) -> InputFiles {
    let data = args.data.as_deref().unwrap_or(EMBEDDED);
    let mut inputs = InputFiles::default().data("the data", data);
    for (role, data) in [("the test data", &args.source.test), ("the unlabelled data", &args.unlabelled)] {
        if let Some(data) = data {
            inputs = inputs.data(role, data);
        }
    }
    for (role, file) in [
        ("the file of targets", &args.source.labels),
        ("the model to start from", &args.from),
        ("the configuration", &args.run.config),
    ] {
        if let Some(file) = file {
            inputs = inputs.file(role, file);
        }
    }
    inputs
}

/// Everything that a training writes.
pub struct Outputs {
    pub model: Output,
    /// None where the model goes into a device or a pipe, beside which nothing can be kept.
    pub checkpoint: Option<Output>,
}

impl Outputs {
    /// Finds out what would go wrong with files after training, before it.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn open(args: &TrainArgs) -> Result<Self, Failure> {
        let (run, inputs) = (&args.run, inputs(args));
        let path = checkpoint_of(&run.out);
        if run.resume && !path.exists() {
            let (out, checkpoint) = (run.out.display(), path.display());
            let message = format!("no training of {out} to resume: {checkpoint} does not exist");
            return Err(Failure::hinted(message, "start one without --resume"));
        }
        if let Some(folder) = &run.log_dir {
            inputs.protect_from_folder(folder, "events.out.tfevents")?;
        }
        let model = files::open(&run.out, truezero::MODEL, &inputs, run.force)?;
        if !model.is_file() {
            return Ok(Self { model, checkpoint: None });
        }
        // What a training goes on from is read before anything is written, and says then what is wrong with it.
        let any = Kind { is: &|_| true, ..truezero::CHECKPOINT };
        check_companion(&path, if run.resume { any } else { truezero::CHECKPOINT })?;
        let checkpoint = files::open(&path, truezero::CHECKPOINT, &inputs, run.force || run.resume)?;
        Ok(Self { model, checkpoint: Some(checkpoint) })
    }

    /// Tells what will be replaced, once the training begins. One that goes on replaces its own files.
    pub fn tell_replaced(&self) {
        files::tell_replaced(&self.model);
        if let Some(checkpoint) = self.checkpoint.as_ref().filter(|checkpoint| checkpoint.replaces()) {
            output::warn(&format!(
                "{} of an unfinished training will be overwritten\nhint: --resume goes on with it",
                checkpoint.path().display()
            ));
        }
    }
}
