//! From a directory to a running app: the log is read, its epochs are executed again, and only then is anything written.
use crate::base::error::{Error, Result};
use crate::base::ids::MethodId;
use crate::base::storage_fault::StorageFault;
use crate::base::thread::{STACK, as_worker};
use crate::durable::attempts::Attempts;
use crate::durable::base::Base;
use crate::durable::fingerprint::{self, Fingerprint, fingerprint};
use crate::durable::image::Image;
use crate::durable::journal::Journal;
use crate::durable::record;
use crate::durable::replay::{Replay, ReplayedEpoch, cut};
use crate::durable::requests::{diverged, name_in, read_request};
use crate::durable::skips::Skips;
use crate::durable::start::{self, Start};
use crate::egress::answers::{Egress, LoggedEgress};
use crate::entity::run::shipped::Instance;
use crate::methods::table::Methods;
use crate::methods::watch::Note;
use crate::request::ingress::{Ingress, Submission, Submitted};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use thalweg_graph::Program;
use thalweg_log::{Disk, Kind, Log, Opened, Position, Progress, Reading, Record, Settings, Witness};

/// A log that is being read.
pub(crate) struct Recovery<D: Disk> {
    reading: Reading<D>,
    place: String,
    app: String,
    /// The first record, which has been read already, unless it is a start.
    first: Option<Record>,
    /// What the last run that has been read says of itself.
    start: Option<Start>,
    /// The last epoch of the checkpoint that it begins with.
    behind: u64,
    /// The last epoch that has been read.
    last_read: u64,
    /// The last epoch that is executed, if this is for a copy.
    upto: Option<u64>,
    /// What is not executed again, and what is known of recoveries before; of an app with a directory.
    skips: Skips,
    attempts: Option<Attempts>,
    /// What the program is made of.
    program: Fingerprint,
    /// The methods of the requests of epochs that have not been compared, and how many calls each has.
    methods: BTreeMap<u64, Vec<(MethodId, u64)>>,
}

/// What recovery works on.
#[derive(Clone, Copy)]
pub(crate) struct Recovering<'a> {
    pub(crate) ingress: &'a Arc<Ingress>,
    pub(crate) methods: &'a Methods,
    pub(crate) journal: &'a Journal,
    pub(crate) replay: &'a Replay,
}

impl Recovering<'_> {
    /// What comes out in another way counts.
    pub(crate) fn accept(&self) {
        self.logged().witness.accept();
    }

    fn logged(&self) -> &LoggedEgress {
        let logged = self.ingress.egress().logged.as_ref();
        logged.unwrap_or_else(|| unreachable!("an app that recovers keeps a log"))
    }
}

impl<D: Disk> Recovery<D> {
    /// Opens the log, and reads how it begins.
    ///
    /// # Errors
    /// When it is in use, damaged, or another app's.
    pub(crate) fn open(disk: D, settings: Settings, app: &str, base: Option<&Base>) -> Result<Self> {
        let place = disk.path("").display().to_string();
        let (settings, witness) = Base::log_of(base, settings);
        let reading = thalweg_log::open(disk, settings, witness)?;
        Self::begin(reading, (place, app), None, base)
    }

    /// As [`Recovery::open`], for a copy that ends with this epoch. The log need not be one's own.
    ///
    /// # Errors
    /// When it is damaged, or another app's.
    pub(crate) fn open_copy(
        disk: D,
        settings: Settings,
        (app, upto): (&str, u64),
        base: Option<&Base>,
    ) -> Result<Self> {
        let place = disk.path("").display().to_string();
        let (settings, known) = Base::log_of(base, settings);
        // Its end is of no interest, and may be on its way to the disk. A log without a frame is one that is made now.
        let settings = Settings { behind: known.epoch, ..settings };
        let witness = Witness { position: Position(0), ..known };
        let reading = thalweg_log::open_read_only(disk, settings, witness)?;
        Self::begin(reading, (place, app), Some(upto), base)
    }

    fn begin(
        mut reading: Reading<D>,
        (place, app): (String, &str),
        upto: Option<u64>,
        base: Option<&Base>,
    ) -> Result<Self> {
        let behind = base.map_or(0, |base| base.manifest.epoch());
        let mut first = reading.next().transpose()?;
        let own = first.take_if(|first| first.kind == Kind::Start);
        // Behind a checkpoint, the log need not have its own.
        let start = own.as_ref().map(|own| &own.body).or(base.map(|base| &base.info.start));
        let start = start.map(|start| Start::decode(start, app, &place)).transpose()?;
        match (&first, upto) {
            (Some(_), Some(upto)) if start.is_none() => return Err(too_old(upto)),
            (Some(_), None) if start.is_none() => return Err(broken("the log does not begin with a start")),
            _ => {}
        }
        let app = app.to_owned();
        let (skips, attempts) = (Skips::default(), None);
        let (program, methods) = (Fingerprint::new(), BTreeMap::new());
        let last_read = behind;
        Ok(Self {
            reading,
            place,
            app,
            first,
            start,
            behind,
            last_read,
            upto,
            skips,
            attempts,
            program,
            methods,
        })
    }

    /// What stands beside the log in a data directory is read, too.
    ///
    /// # Errors
    /// When it cannot be.
    pub(crate) fn beside(self, data: Option<&Path>) -> Result<Self> {
        let Some(data) = data else { return Ok(self) };
        let attempts = if self.upto.is_none() { Some(Attempts::begin(data)?) } else { None };
        Ok(Self { skips: Skips::of(data)?, attempts, ..self })
    }

    /// This program executes the log.
    pub(crate) fn by(&mut self, program: &Program) {
        self.program = fingerprint(program);
        let changed = self.changed();
        if !changed.is_empty() {
            tracing::info!(
                ?changed,
                "the program has changed since the last run; what is logged has to come out as it did"
            );
        }
    }

    /// The classes that have changed since the last run that has been read.
    fn changed(&self) -> Vec<String> {
        self.start.as_ref().map_or_else(Vec::new, |start| fingerprint::changed(&start.program, &self.program))
    }

    /// Waits until all epochs up to this one have been executed.
    ///
    /// # Errors
    /// When they have not come out as before.
    fn executed(&self, app: Recovering<'_>, last: u64) -> Result<()> {
        let diverged = |difference| diverged(difference, &self.methods, app.methods, self.changed());
        while !app.logged().witness.wait(last + 1, Duration::from_millis(50)).map_err(diverged)? {
            if app.ingress.has_failed() {
                return Err(app.ingress.ended());
            }
        }
        Ok(())
    }

    /// Where workers write down what they run, if they have to.
    pub(crate) fn notes(&self) -> Option<Note> {
        self.attempts.as_ref().and_then(Attempts::notes)
    }

    /// The seed of the app, if it has a past.
    pub(crate) fn seed(&self) -> Option<u64> {
        self.start.as_ref().map(|start| start.seed)
    }

    /// Reads all of the log; its epochs are executed meanwhile.
    ///
    /// # Errors
    /// When something of it cannot be read.
    pub(crate) fn read(&mut self, app: Recovering<'_>) -> Result<()> {
        let instances = app.journal.instances.all();
        let names = start::names(&app.journal.instances, app.methods);
        let known: BTreeMap<String, Instance> = names.into_iter().zip(instances).collect();
        let workers = app.ingress.workers();
        let mut methods = self.start.as_ref().map_or_else(Vec::new, |start| start.resolve(&known));
        let mut last = self.behind;
        app.logged().witness.begin(self.behind + 1);
        while let Some(record) = self.first.take().map(Ok).or_else(|| self.reading.next()) {
            let record = match (record, self.upto) {
                // The end of a log that is written meanwhile may look like anything.
                (Err(_), Some(upto)) if last == upto => break,
                (Ok(record), Some(upto)) if record.kind == Kind::Epoch && record.epoch.0 > upto => {
                    if last < upto {
                        return Err(too_old(upto));
                    }
                    break;
                }
                (record, _) => record?,
            };
            let Record { kind, epoch, body } = record;
            match kind {
                Kind::Start => {
                    let start = Start::decode(&body, &self.app, &self.place)?;
                    methods = start.resolve(&known);
                    self.start = Some(start);
                }
                Kind::Epoch | Kind::Outcome if epoch.0 <= self.behind => {}
                Kind::Epoch => {
                    if let Some(upto) = self.upto.filter(|_| epoch.0 > last + 1) {
                        return Err(too_old(upto));
                    }
                    let start = self.start.as_ref();
                    let run = start.ok_or_else(|| broken("an epoch stands before any start"))?.run;
                    let (now, requests) = record::requests(epoch.0, &body, run)?;
                    let mut first = 0;
                    let requests = requests.into_iter().map(|request| {
                        let skipped = self.skips.among(epoch.0, first, request.calls);
                        first += request.calls as u64;
                        read_request(&app, &methods, (request, &skipped))
                    });
                    let requests: Vec<Submitted> = requests.collect::<Result<_>>()?;
                    let called = requests.iter().filter_map(|submitted| match &submitted.work {
                        Submission::Transactions(request) => Some((request.method(), request.len() as u64)),
                        Submission::Inspect(_) => None,
                    });
                    self.methods.insert(epoch.0, called.collect());
                    if let Some(attempts) = self.attempts.as_ref().filter(|attempts| attempts.is_careful()) {
                        self.executed(app, last)?;
                        attempts.reach(epoch.0, |id| name_in(epoch.0, &requests, id, app.methods))?;
                    }
                    let (runs, counts) = cut(requests, workers);
                    app.logged().witness.parts(epoch.0, counts);
                    app.replay.has_read(self.reading.progress());
                    app.replay.push(epoch.0, ReplayedEpoch { now, runs }, || app.ingress.has_failed());
                    app.ingress.ring_all();
                    last = epoch.0;
                }
                Kind::Outcome => app.logged().witness.recorded(epoch.0, &body)?,
                Kind::Stop => {}
            }
            if let Some(open) = app.logged().witness.forget() {
                self.methods = self.methods.split_off(&open);
            }
            if app.ingress.has_failed() {
                return Err(app.ingress.ended());
            }
        }
        if let Some(upto) = self.upto.filter(|upto| *upto > last) {
            let what = format!(
                "epoch {upto} has not been: the log ends with epoch {last}; ask for that, or for an earlier one"
            );
            return Err(Error::storage(StorageFault::Absent, what));
        }
        self.last_read = last;
        let (_, all) = self.reading.progress();
        app.replay.has_read((all, all));
        app.replay.end(last);
        app.ingress.ring_all();
        Ok(())
    }

    /// Waits until all that was read has been executed, and has come out as before.
    ///
    /// # Errors
    /// When it has not.
    pub(crate) fn wait(&self, app: Recovering<'_>, image: Option<&Image>) -> Result<()> {
        self.executed(app, self.last_read)?;
        restored(app, self.last_read, image)
    }

    /// The log goes on.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn finish(self, app: Recovering<'_>, seed: u64) -> Result<Start> {
        let last = self.last_read;
        let opened = self.reading.finish()?;
        assert!(opened.last().0 == last, "all of the log has been read");
        // A state that was exported had runs before this log.
        let run = self.start.as_ref().map_or(0, |start| start.run + 1).max(opened.generation() - 1);
        let names = start::names(&app.journal.instances, app.methods);
        let start = Start::new(&self.app, run, seed, app.ingress.workers(), names, self.program);
        let log = accept(opened, &start, app.ingress, app.journal.position.clone())?;
        app.journal.begin(log, run);
        Ok(start)
    }

    /// As [`Recovery::finish`], for a copy: nothing is written.
    ///
    /// # Errors
    /// When it has not come out as before.
    pub(crate) fn finish_copy(self, app: Recovering<'_>, image: Option<&Image>) -> Result<()> {
        let last = self.upto.unwrap_or_else(|| unreachable!("a copy ends with an epoch"));
        self.wait(app, image)?;
        app.journal.begin_copy(last + 1, self.start.map_or(0, |start| start.run + 1));
        Ok(())
    }
}

/// Waits until what the checkpoint has is where it belongs, and what was emitted is in the outbox.
fn restored(app: Recovering<'_>, last: u64, image: Option<&Image>) -> Result<()> {
    if image.is_some_and(|image| !image.wait_until_there(|| app.ingress.has_failed())) {
        return Err(app.ingress.ended());
    }
    let outbox = app.ingress.egress().outbox.as_ref();
    if outbox.is_some_and(|outbox| !outbox.wait_until_complete(last, || app.ingress.has_failed())) {
        return Err(app.ingress.ended());
    }
    // Nothing of a checkpoint is left out in silence.
    if app.ingress.has_failed() {
        return Err(app.ingress.ended());
    }
    Ok(())
}

/// What is said of an epoch that is older than what is kept.
fn too_old(upto: u64) -> Error {
    let what = format!(
        "epoch {upto} is older than the oldest checkpoint that is kept, and than the log; keep more checkpoints \
         (`App::keep_checkpoints`)"
    );
    Error::storage(StorageFault::Absent, what)
}

/// The log goes on; what it says reaches those who wait.
fn accept<D: Disk>(
    opened: Opened<D>,
    start: &Start,
    ingress: &Arc<Ingress>,
    reached: Arc<AtomicU64>,
) -> Result<Log> {
    let (egress, ingress): (Weak<Egress>, Weak<Ingress>) =
        (Arc::downgrade(ingress.egress()), Arc::downgrade(ingress));
    let hook = move |progress| match progress {
        Progress::Durable { epoch, position } => {
            reached.store(position.0, Ordering::SeqCst);
            // It wakes those who wait, and none of them may make the log wait: as with a worker.
            let durable = |egress: Arc<Egress>| as_worker(STACK, || egress.durable(epoch.0));
            egress.upgrade().into_iter().for_each(durable);
        }
        Progress::Poisoned { what } => {
            tracing::error!(%what, "the log has failed; the app ends");
            let error = Error::storage(
                StorageFault::Refused,
                format_args!("the log has failed: {what}; mend the disk and start again"),
            );
            ingress.upgrade().into_iter().for_each(|ingress| ingress.end(error.clone()));
        }
    };
    opened.accept(&start.encode(), hook).map_err(Error::from)
}

pub(super) fn broken(what: &str) -> Error {
    Error::storage(StorageFault::Release, format_args!("{what}; another release wrote it"))
}
