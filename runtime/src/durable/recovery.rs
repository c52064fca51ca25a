//! From a directory to a running app: the log is read, its epochs are executed again, and only then is anything written.
use crate::base::ambient::TransactionId;
use crate::base::error::{Error, Result, StorageFault};
use crate::base::ids::MethodId;
use crate::base::thread::{STACK, as_worker};
use crate::durable::attempts::Attempts;
use crate::durable::base::Base;
use crate::durable::image::Image;
use crate::durable::journal::Journal;
use crate::durable::record::{self, LoggedRequest};
use crate::durable::replay::{Replay, ReplayedEpoch, cut};
use crate::durable::skips::Skips;
use crate::durable::start::{self, Start};
use crate::egress::answers::{Egress, LoggedEgress};
use crate::egress::ids::IdKey;
use crate::egress::witness::Difference;
use crate::entity::run::shipped::Instance;
use crate::methods::table::Methods;
use crate::methods::watch::Note;
use crate::request::data::Request;
use crate::request::encoded::{Encoded, body_hash};
use crate::request::ingress::{Ingress, Submission, Submitted};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use thalweg_log::{Disk, Epoch, Kind, Log, Opened, Position, Progress, Reading, Record, Settings, Witness};

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
    /// The last epoch that is executed, if this is for a copy.
    upto: Option<u64>,
    /// What is not executed again, and what is known of recoveries before; of an app with a directory.
    skips: Skips,
    attempts: Option<Attempts>,
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
        let behind = base.map_or(0, |base| base.manifest.epoch());
        let position = base.map_or(0, |base| base.info.position);
        let witness = Witness { epoch: Epoch(behind), position: Position(position) };
        let settings = base.map_or(settings.clone(), |base| base.log_settings(settings));
        let reading = thalweg_log::open(disk, settings, witness)?;
        Self::begin(reading, (place, app), (behind, None), base)
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
        let behind = base.map_or(0, |base| base.manifest.epoch());
        let settings = Settings { behind: Epoch(behind), ..settings };
        let witness = Witness { epoch: Epoch(behind), ..Witness::default() };
        let reading = thalweg_log::open_read_only(disk, settings, witness)?;
        Self::begin(reading, (place, app), (behind, Some(upto)), base)
    }

    fn begin(
        mut reading: Reading<D>,
        (place, app): (String, &str),
        (behind, upto): (u64, Option<u64>),
        base: Option<&Base>,
    ) -> Result<Self> {
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
        let (skips, attempts, methods) = (Skips::default(), None, BTreeMap::new());
        Ok(Self { reading, place, app, first, start, behind, upto, skips, attempts, methods })
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
        let first = self.first.take().map(Ok);
        for record in first.into_iter().chain(self.reading.by_ref()) {
            let record = match (record, self.upto) {
                // The end of a log that is written meanwhile may look like anything.
                (Err(_), Some(upto)) if last == upto => break,
                (Ok(record), Some(upto)) if record.kind == Kind::Epoch && record.epoch.0 > upto => break,
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
                        executed(app, &self.methods, last)?;
                        attempts.reach(epoch.0, |id| name_in(epoch.0, &requests, id, app.methods))?;
                    }
                    let (runs, counts) = cut(requests, workers);
                    app.logged().witness.parts(epoch.0, counts);
                    app.replay.push(epoch.0, ReplayedEpoch { now, runs });
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
        app.replay.end(last);
        app.ingress.ring_all();
        Ok(())
    }

    /// Waits until all that was read has been executed, and has come out as before; then the log goes on.
    ///
    /// # Errors
    /// When it has not, or the log cannot be written.
    pub(crate) fn finish(self, app: Recovering<'_>, seed: u64, image: Option<&Image>) -> Result<Start> {
        let opened = self.reading.finish()?;
        executed(app, &self.methods, opened.last().0)?;
        restored(app, opened.last().0, image)?;
        // A state that was exported had runs before this log.
        let run = self.start.as_ref().map_or(0, |start| start.run + 1).max(opened.generation() - 1);
        let names = start::names(&app.journal.instances, app.methods);
        let start = Start::new(&self.app, run, seed, app.ingress.workers(), names);
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
        executed(app, &self.methods, last)?;
        restored(app, last, image)?;
        app.journal.begin_copy(last + 1, self.start.map_or(0, |start| start.run + 1));
        Ok(())
    }
}

/// Waits until all epochs up to this one have been executed, and have come out as before.
fn executed(app: Recovering<'_>, called: &BTreeMap<u64, Vec<(MethodId, u64)>>, last: u64) -> Result<()> {
    let witness = &app.logged().witness;
    let diverged = |difference| diverged(difference, called, app.methods);
    while !witness.wait(last + 1, Duration::from_millis(50)).map_err(diverged)? {
        if app.ingress.has_failed() {
            return Err(app.ingress.ended());
        }
    }
    Ok(())
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

/// What is said of a transaction that came out in another way.
fn diverged(
    Difference { epoch, transaction, recorded, replayed }: Difference,
    called: &BTreeMap<u64, Vec<(MethodId, u64)>>,
    methods: &Methods,
) -> Error {
    let mut end = 0;
    let method = called.get(&epoch).into_iter().flatten().find(|(_, calls)| {
        end += calls;
        transaction < end
    });
    let method = method.map_or_else(String::new, |(method, _)| {
        let (entity, method) = methods.name(method.number());
        format!("{entity}::{method}")
    });
    let (recorded, replayed) = (recorded.text().to_owned(), replayed.text().to_owned());
    Error::Diverged { epoch, transaction, method, recorded, replayed }
}

/// What a transaction of an epoch is called.
fn name_in(epoch: u64, requests: &[Submitted], id: TransactionId, methods: &Methods) -> String {
    let mut before = 0;
    for submitted in requests {
        let (first, calls) = (submitted.id, submitted.work.len() as u64);
        let own = (first.run, first.handle) == (id.run, id.handle);
        if let (Submission::Transactions(request), Some(index)) =
            (&submitted.work, id.number.checked_sub(first.number))
            && own
            && index < calls
        {
            let (entity, method) = methods.name(request.method().number());
            return format!("{epoch}.{} (`{entity}::{method}`)", before + index);
        }
        before += calls;
    }
    format!("a transaction of another epoch ({id})")
}

/// These calls of the request, by their indices, are not executed.
fn read_request(
    app: &Recovering<'_>,
    methods: &[Result<Instance, String>],
    (request, skipped): (LoggedRequest<'_>, &[usize]),
) -> Result<Submitted> {
    let LoggedRequest { method, first, calls, bytes, id } = request;
    let known = usize::try_from(method).ok().and_then(|method| methods.get(method));
    let instance = match known {
        Some(Ok(instance)) => *instance,
        Some(Err(name)) => {
            return Err(Error::storage(
                StorageFault::Program,
                format_args!(
                    "the log has a call of `{name}`, which is not part of this program; start the program that wrote it once \
                 more and stop it, which drains the log"
                ),
            ));
        }
        None => return Err(broken("a call of a method that has no name")),
    };
    let calls = Encoded::read(instance, bytes, calls, id.is_some(), skipped)?;
    if id.is_some() && calls.len() != 1 {
        return Err(broken("an id stands for several calls"));
    }
    let with_id = id.map(|id| (IdKey::from(id), body_hash(&instance, bytes)));
    let method = app.methods.find(instance.ty, instance.class, instance.method);
    let method = method.unwrap_or_else(|| unreachable!("a method that was reached is in the table"));
    Ok(Submitted {
        id: first,
        work: Submission::Transactions(Request::new(None, method, calls).remembered(with_id)),
    })
}

fn broken(what: &str) -> Error {
    Error::storage(StorageFault::Release, format_args!("{what}; another release wrote it"))
}
