//! A sample of the suite through the real shim.
