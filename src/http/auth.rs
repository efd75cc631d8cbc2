//! Who asks: bearer tokens.
