//! Sinks against the kit, and the file sink against files that are cut, changed, missing, and lose power.
mod dir;
mod model;
mod power_watch;

mod cut;
mod faults;
mod finds;
mod flip;
mod hint;
mod kit;
mod odd;
mod power;
mod rotate;
