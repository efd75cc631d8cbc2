//! Rights are those of now, and nothing that is made with a right exceeds it.

mod address;
mod former;
mod members;
mod tokens;
