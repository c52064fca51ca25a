//! The log against disks that lose power, fail, are full, or are damaged.
//!
//! A test appends drawn epochs, lets something happen, and reads. What was read is compared with what was appended and with
//! what the log's hook had reported, and with what an independent reader finds in the same bytes.
mod independent;
mod model;

mod cut;
mod faults;
mod flip;
mod full;
mod power;
mod real;
mod segments;
mod thread;
