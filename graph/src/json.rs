//! The JSON form: what `serde` makes of the forms, with a version.
use crate::{JSON_VERSION, Program, VerifyError};
use serde::Deserialize;
use thiserror::Error;

/// Why a text is not a program.
#[derive(Debug, Error)]
pub enum JsonError {
    /// It is not JSON, or not of this form.
    #[error("this is not the JSON of a program; help: write it with `Program::to_json`")]
    Form(#[from] serde_json::Error),
    /// It is of another version.
    #[error("this JSON has version {found}, but version {JSON_VERSION} is read here; help: export it again")]
    Version {
        /// The version it has.
        found: u32,
    },
    /// It is of the form but not well formed.
    #[error(transparent)]
    Invalid(#[from] VerifyError),
}

impl Program {
    /// Reads what [`Program::to_json`] has written.
    ///
    /// # Errors
    ///
    /// The text is not JSON, is of another version, or describes a program that is not well formed.
    pub fn from_json(text: &str) -> Result<Program, JsonError> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let Head { version: found } = serde_json::from_str(text)?;
        if found != JSON_VERSION {
            return Err(JsonError::Version { found });
        }
        let program: Program = serde_json::from_str(text)?;
        program.verify()?;
        Ok(program)
    }
}

pub(crate) fn write(program: &Program) -> String {
    let mut text =
        serde_json::to_string_pretty(program).expect("the forms hold only text, numbers and lists");
    text.push('\n');
    text
}
