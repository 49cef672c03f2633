//! The libraries for Windows: what is in their files, and hosts that use them, run by Wine in both
//! widths against the real servers on the Linux side. `make test-windows` runs it.

#![cfg(target_os = "linux")]

mod hosts;
mod support;

#[path = "windows/wine.rs"]
mod wine;

#[path = "windows/c.rs"]
mod c;
#[path = "windows/check.rs"]
mod check;
#[path = "windows/doctor.rs"]
mod doctor;
#[path = "windows/files.rs"]
mod files;
#[path = "windows/pascal.rs"]
mod pascal;
#[path = "c/story.rs"]
mod story;
