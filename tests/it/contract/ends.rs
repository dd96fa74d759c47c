//! How a call ends: exit codes and deaths by signals.

use std::os::unix::process::ExitStatusExt as _;

use super::each;

/// Signals whose first effect is to stop a process; `signals.rs` has those.
const STOPPING: [i32; 4] = [19, 20, 21, 22];

#[test]
fn exit_codes_are_passed_through() {
    each(|stage| {
        for code in 0..=255 {
            let report = stage
                .compare(&[], |command| command.variable("PROBE_DOES", format!("exit:{code}")));
            assert_eq!(report.status.code(), Some(code));
        }
    });
}

#[test]
fn a_death_by_any_signal_has_the_same_wait_status() {
    each(|stage| {
        let mut deadly = 0;
        for signal in (1..=64).filter(|signal| !STOPPING.contains(signal)) {
            let report = stage.compare(&["limit:4:0:0"], |command| {
                command.variable("PROBE_DOES", format!("die:{signal}"))
            });
            deadly += i32::from(report.status.signal() == Some(signal));
        }
        // All but CHLD, CONT, URG and WINCH.
        assert_eq!(deadly, 64 - 4 - 4);
    });
}
