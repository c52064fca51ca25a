//! Checkpoints against a model, and against stores that fail, are shared, or are strange.
mod independent;
mod support;

mod directory;
mod faults;
mod model;
mod retire;
mod threads;
mod writers;
