//! An unwinder that finds no frame, in the place of the C library's.
//!
//! The shim has no symbols, so a backtrace of it would say nothing. Yet the way in which `std`
//! reports a panic leads to all that prints one: the unwinder, a reader of debugging data and one of
//! mangled names, a third of the program's size. With these functions nothing of that can be
//! reached, and the linker leaves it out. A panic still prints its message and aborts.
//!
//! They are all that `std`'s `unwind` crate declares. Where one was missing, linking would fail and
//! name it.

use std::ffi::{c_int, c_void};
use std::process::abort;

/// `_URC_END_OF_STACK`.
const END_OF_STACK: c_int = 5;

#[unsafe(no_mangle)]
extern "C" fn _Unwind_Backtrace(_visit: *const c_void, _argument: *mut c_void) -> c_int {
    END_OF_STACK
}

/// Functions that nothing calls where no frame is found and a panic aborts.
macro_rules! never_called {
    ($($name:ident)+) => {$(
        #[unsafe(no_mangle)]
        extern "C" fn $name() -> ! {
            abort()
        }
    )+};
}

never_called! {
    _Unwind_DeleteException
    _Unwind_FindEnclosingFunction
    _Unwind_GetCFA
    _Unwind_GetDataRelBase
    _Unwind_GetIP
    _Unwind_GetIPInfo
    _Unwind_GetLanguageSpecificData
    _Unwind_GetRegionStart
    _Unwind_GetTextRelBase
    _Unwind_RaiseException
    _Unwind_Resume
    _Unwind_SetGR
    _Unwind_SetIP
}
