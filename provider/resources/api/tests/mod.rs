//! Tests of the whole way from HCL to components and back.

mod expansion;
