//! A data directory from outside: its past, what it tells of itself, and how its state goes elsewhere.
mod past;
