//! The tool on directories of a small app: what it says, in which form, and how it ends. It never panics, and never hangs.
mod bank;
mod folder;
mod looks;
mod moves;
mod refused;
mod damaged;
mod deadly;
