//! `truezero train`: arguments → experiment → prepared data → trainer → model.

pub mod checkpoints;
mod curves;
mod observed;
pub mod outputs;
pub mod plan;
pub mod prepare;
mod report;
pub mod start;
pub mod streamed;

use std::path::Path;
use std::time::Instant;

use truezero::{Control, Examples, Model, Outcome, Progress as Step, Stopped, Trainer, TrainingOptions};
use truezero_data::files::remove_companion;
use truezero_data::{Notice, Task};
use truezero_sparse::Engine;

use crate::args::{TrainArgs, checkpoint_of, threads};
use crate::commands::Ended;
use crate::commands::using::NUMBERING;
use crate::failure::{Failure, chain};
use crate::measure::{Assessment, Measure};
use crate::output::{self, Warnings};
use crate::progress::Progress;
use crate::{json, signal};
use checkpoints::Checkpoints;
use curves::Curves;
use observed::Observed;
use outputs::Outputs;
use plan::Experiment;
use prepare::Prepared;
use report::Report;

pub fn run(args: TrainArgs) -> Result<Ended, Failure> {
    let experiment = Experiment::new(&args)?;
    let outputs = Outputs::open(&args)?;
    let run = args.run;
    let mut warnings = Warnings::of(&experiment.source.notices);
    let data = Prepared::new(&experiment)?;
    warnings.show();
    let measure = Measure::of(&data.preprocessing);
    let mut curves = run.log_dir.as_deref().map(|folder| Curves::create(folder, measure)).transpose()?;
    if !run.quiet {
        output::note(&introduction(&experiment, &data));
    }

    let (plan, threads) = (experiment.plan.clone(), threads(run.threads));
    let validation = data.validation();
    signal::listen()?;
    let mut pretraining = None;
    let mut trainer = if run.resume {
        data.resume(plan, threads, &checkpoint_of(&run.out))?
    } else {
        let (network, summary) = start::network(&experiment, &data, threads, run.quiet)?;
        pretraining = summary;
        data.trainer(plan, network, threads)?
    };
    if run.resume {
        tell_moved(&experiment, &trainer);
    } else {
        outputs.tell_replaced();
    }
    let Outputs { model: output, checkpoint } = outputs;
    let options = experiment.plan.options();
    let mut progress = Progress::new(run.quiet, options.epochs, measure);
    let mut observed = run
        .observe
        .map(|address| Observed::open(address, &experiment, &data, measure, &trainer))
        .transpose()?;
    let mut checkpoints = Checkpoints::new(checkpoint);
    let started = Instant::now();
    let watchers = Watchers {
        progress: &mut progress,
        curves: curves.as_mut(),
        observed: observed.as_mut(),
        warnings: &mut warnings,
    };
    let ended = train_on(&mut trainer, &data, options, watchers, &mut checkpoints);
    let seconds = started.elapsed().as_secs_f64();
    progress.finish();
    if let Some(observed) = observed {
        observed.close(&ended);
    }

    let l1 = trainer.l1();
    let ended_with = trainer.plan().options().clone(); // the target may have been moved from the page
    // An epoch's weights are worth keeping whatever came after it.
    if ended.is_err() && trainer.history().is_empty() {
        return ended.map(|()| Ended::Complete);
    }
    let outcome = trainer.finish()?;
    let summary = outcome.summary.clone();
    let model = model_of(&experiment, &data, outcome);
    model.save_to(&output)?;
    let broken_off = summary.stopped == Stopped::Interrupted;
    if !broken_off && output.is_file() {
        remove(&checkpoint_of(&run.out))?;
    }
    if let Err(failure) = ended {
        output::note(&format!("saved the weights of the best epoch so far in {}", run.out.display()));
        return Err(failure);
    }

    if let Some(notice) = checkpoints.notice() {
        warnings.notices().tell(notice);
    }
    for remark in summary.remarks(&ended_with) {
        let notice = remark.notice(data.preprocessing.labels(), &|error| measure.text(error));
        warnings.notices().tell(notice);
    }
    let mut engine = Engine::new(threads);
    let mut assess = |examples| Assessment::new(&model.network, &data.preprocessing, &mut engine, examples);
    let several = data.preprocessing.scales().len() > 1;
    let report = Report {
        task: data.preprocessing.task(),
        measure,
        path: &run.out,
        seed: options.seed,
        summary: &summary,
        pretraining: pretraining.as_ref(),
        l1,
        test: data.test().map(&mut assess),
        validation: validation.filter(|_| several).map(&mut assess),
        examples: [data.to_train_on(), count(validation), count(data.test())],
        examples_per_second: progress.examples_per_second(),
        seconds,
        warnings: warnings.all(),
    };
    warnings.show();
    if broken_off {
        output::note(&report.remark(checkpoints.kept()));
    }
    if run.json { json::document(&report.json()) } else { output::print(&report.text()) }?;
    Ok(if broken_off { Ended::BrokenOff } else { Ended::Complete })
}

/// Says what of a training that goes on is not as it was typed: what was moved by hand while it ran.
fn tell_moved(experiment: &Experiment, trainer: &Trainer<'_>) {
    let [typed, now] = [&experiment.plan, trainer.plan()].map(truezero::Plan::options);
    if (typed.l1, typed.target_sparsity) == (now.l1, now.target_sparsity) {
        return;
    }
    let moved = match now.target_sparsity {
        Some(target) => format!("the target sparsity was moved to {target}"),
        None => format!("λ was moved to {}", now.l1),
    };
    output::note(&format!("while the training ran, {moved} by hand; it stays there"));
}

/// What is told of a training while it goes on.
struct Watchers<'a> {
    progress: &'a mut Progress,
    curves: Option<&'a mut Curves>,
    observed: Option<&'a mut Observed>,
    warnings: &'a mut Warnings,
}

/// Trains until the end, an interrupt or an error, with checkpoints after epochs.
fn train_on(
    trainer: &mut Trainer<'_>,
    data: &Prepared,
    options: &TrainingOptions,
    watchers: Watchers<'_>,
    checkpoints: &mut Checkpoints<'_>,
) -> Result<(), Failure> {
    let Watchers { progress, mut curves, mut observed, warnings } = watchers;
    loop {
        progress.start_epoch();
        let step = data.epoch(trainer, &mut |report| {
            progress.batch(report, options.batch_size);
            let asked = observed.as_mut().map_or(Control::Continue, |observed| observed.batch(report));
            if signal::interrupted() { Control::Stop } else { asked }
        })?;
        let stops = signal::interrupted() || observed.as_ref().is_some_and(|observed| observed.stops());
        match step {
            Step::Epoch(record) => {
                progress.epoch(&record);
                if let Some(watched) = &mut curves
                    && let Err(failure) = watched.add(&record)
                {
                    // The training is worth more than its curves, which end here.
                    curves = None;
                    let what = format!("they end with epoch {}: {}", record.epoch - 1, chain(&failure));
                    warnings.notices().tell(Notice::new("curves", what));
                    progress.aside(|| warnings.show());
                }
                if let Some(observed) = &mut observed {
                    observed.epoch(&record, trainer.network());
                    // The trainer does not stop for it where an epoch is one mini-batch.
                    observed.heed(trainer);
                }
                // The trainer does not stop after the last mini-batch of an epoch, which may be its only one.
                let stop = stops && trainer.epochs_done() < options.epochs;
                if stop || checkpoints.is_due() {
                    checkpoints.save(trainer);
                }
                if stop {
                    return Ok(());
                }
            }
            Step::Interrupted => {
                progress.add_pace();
                if let Some(observed) = observed.as_mut().filter(|_| !stops) {
                    observed.heed(trainer);
                    continue;
                }
                checkpoints.save(trainer);
                return Ok(());
            }
            Step::RolledBack(rolled_back) => {
                warnings.notices().tell(Notice::new("training", rolled_back.to_string()));
                progress.aside(|| warnings.show());
            }
            Step::Done => return Ok(()),
        }
    }
}

pub fn remove(checkpoint: &Path) -> Result<(), Failure> {
    Ok(remove_companion(checkpoint, truezero::CHECKPOINT)?)
}

pub fn model_of(experiment: &Experiment, data: &Prepared, outcome: Outcome) -> Model {
    let mut configuration = experiment.configuration.clone();
    if let Some(numbering) = &data.numbering {
        // Not an option: what was found in the training data, for data to come.
        configuration[NUMBERING] = json::value(numbering);
    }
    let Outcome { network, summary } = outcome;
    Model { network, preprocessing: data.preprocessing.clone(), configuration, summary: Some(summary) }
}

fn count(part: Option<Examples>) -> usize {
    part.map_or(0, |part| part.rows.len())
}

/// What is about to be learned.
fn introduction(experiment: &Experiment, data: &Prepared) -> String {
    let preprocessing = &data.preprocessing;
    let task = match experiment.preparation.task {
        Some(task) => format!("task {}", task.name()),
        None => {
            format!("task {}, told by the targets; --task says it otherwise", preprocessing.task().name())
        }
    };
    let outputs = match preprocessing.task() {
        Task::Classify => "classes",
        Task::Multilabel => "labels",
        Task::Regress if preprocessing.outputs() == 1 => "quantity",
        Task::Regress => "quantities",
    };
    format!(
        "{}: {} examples to train on, {} to stop by, {} to test on; {} inputs, {} {outputs} ({task})",
        experiment.source.data,
        data.to_train_on(),
        count(data.validation()),
        count(data.test()),
        preprocessing.width(),
        preprocessing.outputs(),
    )
}
