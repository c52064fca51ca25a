//! For tests: the kit that every sink must pass, and a door to the files of [`JsonLines`](crate::JsonLines).
//!
//! ```
//! use thalweg_sink::testing::{self, Fault, Place};
//! use thalweg_sink::{Memory, OwnedEvent, Sink, SinkError};
//!
//! struct Here(Memory);
//!
//! impl Place for Here {
//!     fn sink(&self) -> Box<dyn Sink> {
//!         Box::new(self.0.clone())
//!     }
//!     fn committed(&self) -> Result<Vec<OwnedEvent>, SinkError> {
//!         Ok(self.0.events())
//!     }
//!     fn fail_commit(&self, fault: Fault) -> bool {
//!         self.0.fail_commit(fault);
//!         true
//!     }
//! }
//!
//! testing::check(|| Here(Memory::new()));
//! ```
mod cases;
mod draw;
mod model;
mod script;
mod watch;

pub use watch::{Step, Watch};

use crate::{OwnedEvent, Sink, SinkError};

/// Where a sink keeps its events. The kit opens sinks there, and drops them in the midst of things.
pub trait Place {
    /// Another sink that keeps its events here, as after a restart. Those that are there may live on.
    fn sink(&self) -> Box<dyn Sink>;

    /// All committed events, as somebody else finds them who reads them; of each topic in order.
    ///
    /// # Errors
    /// When they cannot be read. The test fails then.
    fn committed(&self) -> Result<Vec<OwnedEvent>, SinkError>;

    /// The next commit of a sink of this place that has something to do returns an error. False if that cannot be had.
    fn fail_commit(&self, _: Fault) -> bool {
        false
    }
}

/// When a commit fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Before anything was done.
    Before,
    /// With a part of it done.
    Within,
    /// With all of it done, and the answer lost.
    After,
}

/// Checks a sink. `make` gives a place that has no events yet; it is called some two hundred times.
///
/// # Panics
/// If the sink does not do what a [`Sink`] must.
pub fn check<P: Place>(mut make: impl FnMut() -> P) {
    for case in cases::ALL {
        case(&make());
    }
    for fault in [Fault::Before, Fault::Within, Fault::After] {
        cases::an_error_leaves_old_or_new(&make(), fault);
    }
    for seed in 0..SCRIPTS {
        script::run(&make(), seed);
    }
}

/// So many drawn scripts are run.
const SCRIPTS: u64 = 200;
