//! An app that shows the past: the state of a data directory behind an epoch, as a copy in memory.
use crate::app::handle::Handle;
use crate::app::running::Running;
use crate::app::settings::App;
use crate::app::start::{Executing, Past, image, recovering};
use crate::base::error::Error;
use crate::base::ids::MethodId;
use crate::durable::base::Base;
use crate::durable::recovery::Recovery;
use std::path::Path;
use thalweg_graph::Callee;
use thalweg_log::Disk;

impl App {
    /// Starts a copy that has executed the log up to this epoch.
    pub(super) fn start_copy<D: Disk>(
        self,
        disk: D,
        settings: thalweg_log::Settings,
        (epoch, data): (u64, Option<&Path>),
    ) -> Result<Handle, Error> {
        let store = self.checkpoints.open_read_only()?;
        let base = store.as_ref().map(|store| Base::at_or_before(store, epoch)).transpose()?.flatten();
        let recovery = Recovery::open_copy(disk, settings, (&self.name, epoch), base.as_ref())?;
        let mut recovery = recovery.beside(data)?;
        let seed = recovery.seed();
        let past = Past { durable: true, copy: Some(epoch), keeps: false, seed, store, base, notes: None };
        // The topics of its sinks are known to the program; nothing goes there.
        let Executing { handle, parts, read, progress, .. } = self.execute(past, &mut recovery)?;
        let done = read.and_then(|()| recovery.finish_copy(recovering(&parts), image(&parts)));
        drop(progress);
        handle.started(&parts, done)
    }
}

impl Running {
    /// Whether a method may be called: all of them, unless this is a copy that shows the past.
    ///
    /// # Errors
    /// When it may not.
    pub(super) fn may_call(&self, method: MethodId) -> Result<(), Error> {
        let Some(epoch) = self.past else { return Ok(()) };
        let (entity, method) = self.methods.name(method.number());
        let callee = Callee { entity, method };
        if self.outline.graph.only_reads(&callee) {
            return Ok(());
        }
        let Callee { entity, method } = callee;
        Err(Error::ReadOnly { entity, method, epoch })
    }
}
