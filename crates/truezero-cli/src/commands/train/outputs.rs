//! The files of a training: what it reads, and what it writes.

use truezero_data::EMBEDDED;
use truezero_data::files::{InputFiles, Output};

use crate::args::{TrainArgs, checkpoint_of};
use crate::failure::Failure;
use crate::{files, output};

/// Everything that a training reads.
pub fn inputs(args: &TrainArgs) -> InputFiles {
    let data = args.data.as_deref().unwrap_or(EMBEDDED);
    let mut inputs = InputFiles::default().data("the data", data, args.source.stream == Some(true));
    for (role, data) in [("the test data", &args.source.test), ("the unlabelled data", &args.unlabelled)] {
        if let Some(data) = data {
            inputs = inputs.data(role, data, false);
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
        // A training that goes on replaces its own files, which are read.
        let model = if run.resume {
            files::open(&run.out, truezero::MODEL, &inputs, run.force)?
        } else {
            files::open_model(&run.out, &inputs, run.force)?
        };
        if !model.is_file() {
            return Ok(Self { model, checkpoint: None });
        }
        let checkpoint = files::open(&path, truezero::CHECKPOINT, &inputs, run.force || run.resume)?;
        if checkpoint.replaces() && !run.resume {
            output::warn(&format!(
                "{} of an unfinished training will be overwritten\nhint: --resume goes on with it",
                path.display()
            ));
        }
        Ok(Self { model, checkpoint: Some(checkpoint) })
    }
}
