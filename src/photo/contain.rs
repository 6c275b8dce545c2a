use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

/// The panic of a contained piece of work; displays as its message.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Panicked {
    pub message: String,
}

thread_local! {
    /// Whether the work under way on this thread is contained, so that its panic is nobody else's concern.
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`, and turns its panic into an error instead of a message on the terminal.
///
/// Only this thread is contained: a panic elsewhere, or in threads that `work` starts, is printed as always. Work that
/// panics may leave what it was changing half done, so it should own or rebuild what it changes.
///
/// # Errors
/// [`Panicked`], with the panic's message, if `work` panicked.
pub fn contain<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !CONTAINED.get() {
                print(panic);
            }
        }));
    });

    let around = CONTAINED.replace(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    CONTAINED.set(around);
    outcome.map_err(|payload| Panicked { message: message(payload.as_ref()) })
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without a message").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_does_not_panic_keeps_its_result() {
        assert_eq!(contain(|| 7).unwrap(), 7);
    }

    #[test]
    fn a_panic_becomes_an_error_with_its_message() {
        assert_eq!(contain(|| panic!("plain")).map(|()| 0).unwrap_err().to_string(), "plain");
        assert_eq!(contain(|| panic!("row {}", 3)).map(|()| 0).unwrap_err().message, "row 3");
        let odd = contain(|| panic::panic_any(5)).map(|()| 0);
        assert_eq!(odd.unwrap_err().message, "a panic without a message");
    }

    #[test]
    fn only_the_work_itself_is_kept_from_the_terminal() {
        assert!(!CONTAINED.get());
        let outer = contain(|| {
            contain(|| panic!("inner")).map(|()| 0).unwrap_err();
            let elsewhere = std::thread::spawn(|| CONTAINED.get()).join();
            (CONTAINED.get(), elsewhere.unwrap())
        });
        assert_eq!(outer.unwrap(), (true, false));
        assert!(!CONTAINED.get());
    }
}
