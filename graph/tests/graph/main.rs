//! The graph on hand-built programs: linking, plans, verification and every export.
mod build;
mod shop;
mod tpcc;
mod link;
mod plan;
mod verify;
mod exports;
