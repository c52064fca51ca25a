//! A data directory from outside: its past, what it tells of itself, how its state goes elsewhere, and what is left out.
mod changed;
mod deadly;
mod faults;
mod folder;
mod past;
