//! Intervals, local time, weekly hours, public holidays.

pub mod holidays;
pub mod hours;
pub mod interval;
pub mod zone;
