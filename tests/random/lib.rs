//! Programs drawn from seeds, compared with plain renderings of themselves.
//!
//! `draw` writes a program twice: as entities, and as ordinary functions over maps. `sweep` compiles many of them in
//! batches and runs these; each batch is a program of its own whose `main` is `judge`. The README beside this file
//! tells how to run more programs, and how to teach them another form.

pub mod draw;
pub mod judge;
pub mod sweep;

// A batch names this crate alone, once as `thalweg_random` and once as `thalweg`: so rustc has to be told of one file.
#[doc(hidden)]
pub use thalweg::generated;
pub use thalweg::*;
