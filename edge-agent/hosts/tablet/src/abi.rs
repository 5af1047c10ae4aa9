//! The functions that a page calls. One instance of the module is one agent.
//!
//! A call writes its request into [`input`], calls [`call`] with an operation, and reads as many bytes as that returns
//! at [`output`]. Request and reply have one form: the length of a JSON text, four bytes little-endian, the text,
//! then bytes of which the text gives the lengths. A reply's text has `error` when the call did nothing.

#![expect(
    unsafe_code,
    reason = "a function keeps its name for the page only by an attribute that counts as unsafe"
)]

use std::cell::RefCell;

use serde::Serialize;

use crate::Agent;
use crate::agent::Output;
use crate::records::invalid;
use crate::shapes::{Failure, Reply};

#[derive(Default)]
struct Module {
    agent: Option<Agent>,
    input: Vec<u8>,
    output: Vec<u8>,
}

thread_local! {
    static MODULE: RefCell<Module> = RefCell::default();
}

/// Where a request of this length is to be written. Valid until the next call of anything here.
#[unsafe(no_mangle)]
pub extern "C" fn input(length: usize) -> *mut u8 {
    MODULE.with_borrow_mut(|module| {
        module.input.clear();
        module.input.resize(length, 0);
        module.input.as_mut_ptr()
    })
}

/// Where the last call's reply stands.
#[unsafe(no_mangle)]
pub extern "C" fn output() -> *const u8 {
    MODULE.with_borrow(|module| module.output.as_ptr())
}

/// Does what was asked and returns the reply's length.
#[unsafe(no_mangle)]
pub extern "C" fn call(operation: u32) -> usize {
    MODULE.with_borrow_mut(|module| {
        let mut input = std::mem::take(&mut module.input);
        let done =
            split(&mut input).and_then(|(text, bytes)| perform(&mut module.agent, operation, text, bytes));
        module.output = write(done);
        module.output.len()
    })
}

fn split(input: &mut [u8]) -> Result<(&[u8], &mut [u8]), Failure> {
    let short = || invalid("a request that is cut short".to_owned());
    let (length, rest) = input.split_first_chunk_mut().ok_or_else(short)?;
    let (text, bytes) = rest.split_at_mut_checked(u32::from_le_bytes(*length) as usize).ok_or_else(short)?;
    Ok((&*text, bytes))
}

fn perform(
    slot: &mut Option<Agent>,
    operation: u32,
    text: &[u8],
    bytes: &mut [u8],
) -> Result<Output, Failure> {
    if operation == 0 {
        return Ok(slot.insert(Agent::open(text, bytes)?).status());
    }
    let agent = slot.as_mut().ok_or_else(|| invalid("no journal was opened".to_owned()))?;
    match operation {
        1 => agent.append(text),
        2 => agent.schedule(text),
        3 => agent.transmit(text),
        4 => agent.receive(text, bytes),
        5 => agent.fail(text),
        6 => agent.rekey(text, bytes),
        7 => Ok(agent.status()),
        _ => Err(invalid(format!("there is no operation {operation}"))),
    }
}

fn write(done: Result<Output, Failure>) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Text {
        Done(Reply),
        Failed { error: Failure },
    }
    let (text, bytes) = match done {
        Ok((reply, bytes)) => (Text::Done(reply), bytes),
        Err(error) => (Text::Failed { error }, Vec::new()),
    };
    let text = serde_json::to_vec(&text).expect("a reply is made of texts and numbers");
    let length = u32::try_from(text.len()).expect("a reply is far shorter than 4 GiB");
    [&length.to_le_bytes()[..], &text, &bytes].concat()
}
