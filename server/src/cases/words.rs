//! The fixed lists of words that cases and patrols are made of.

/// A word that is on none of the lists where it was looked for.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("“{0}” is not a word of this list")]
pub struct UnknownWord(pub String);

/// Defines an enum whose variants have a word (JSON, database) and a Chinese title for people.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $word:tt $title:tt,)* }) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize, utoipa::ToSchema,
        )]
        pub enum $name {
            $(#[doc = $title] #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word in JSON and in the database.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Chinese, for people.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::cases::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let found = Self::ALL.iter().find(|w| w.name() == text);
                found.copied().ok_or_else(|| $crate::cases::UnknownWord(text.to_owned()))
            }
        }
    };
}

pub(crate) use words;
