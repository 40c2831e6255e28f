//! How a key is declared: once, with its text, type, default and example. From the declarations come the reader
//! (`reader.rs`), the reference, the example file and `sorry config explain` (`reference.rs`).

/// A table of the file: `[limits]`, `[[site]]`, `{ address = ".." }`.
pub(super) struct Table {
    pub(super) about: &'static str,
    pub(super) keys: &'static [Key],
    pub(super) written: Written,
}

/// How the example file writes a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// Under a header of its own.
    Header,
    /// By dotted keys in the table around it.
    Dotted,
}

/// One key of a table.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) doc: &'static str,
    pub(super) presence: Presence,
    /// A value in TOML.
    pub(super) example: &'static str,
    /// What a value must look like, in words.
    pub(super) form: fn() -> String,
    pub(super) shape: Shape,
    pub(super) words: &'static [(&'static str, &'static str)],
}

/// What happens when a key is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// That is a mistake.
    Required,
    /// Then it has this value, in TOML.
    Default(&'static str),
    /// Then there is none; an array is empty, a table has its defaults.
    Optional,
    /// Then there is none, but the example file shows it at work.
    Suggested,
    /// Then there is none; it stands instead of another key of its table.
    Instead(&'static str),
}

/// What kind of value a key has.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// A single value, or an array of such.
    Value,
    /// A table.
    Table(&'static Table),
    /// A table that says something by being there.
    Given(&'static Table),
    /// The same, or an array of such.
    Several(&'static Table),
    /// An array of tables.
    Tables(&'static Table),
    /// An array whose entries are either text or such a table.
    Entries(&'static Table),
}

/// Declares a table: the struct that holds what was typed, and its [`Table`].
///
/// Each key has `#[key = "its-name"]`, then one of `#[required]`, `#[optional]`, `#[suggested]`,
/// `#[instead = "other-key"]`, `#[default = "TOML"]`, then `#[example = "TOML"]`. A field is `None` where the key is absent without a default, or mistaken and reported.
macro_rules! table {
    (
        $(#[doc = $about:literal])+
        $vis:vis struct $name:ident as $written:ident {
            $(
                $(#[doc = $doc:literal])+
                #[key = $key:literal]
                #[$presence:ident $(= $default:literal)?]
                #[example = $example:literal]
                $field:ident: $type:ty,
            )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug)]
        $vis struct $name {
            $(
                $(#[doc = $doc])+
                $vis $field: Option<$crate::config::reader::At<$type>>,
            )+
        }

        impl $name {
            $vis const TABLE: $crate::config::table::Table = $crate::config::table::Table {
                about: concat!($($about, "\n"),+),
                written: $crate::config::table::Written::$written,
                keys: &[$(
                    $crate::config::table::Key {
                        name: $key,
                        doc: concat!($($doc, "\n"),+),
                        presence: $crate::config::table::presence!($presence $($default)?),
                        example: $example,
                        form: <$type as $crate::config::reader::FromValue>::form,
                        shape: <$type as $crate::config::reader::FromValue>::SHAPE,
                        words: <$type as $crate::config::reader::FromValue>::WORDS,
                    },
                )+],
            };
        }

        impl $crate::config::reader::FromTable for $name {
            fn from_table(
                table: &$crate::config::reader::Entries<'_>,
                reader: &mut $crate::config::reader::Reader<'_>,
            ) -> Self {
                let mut keys = Self::TABLE.keys.iter();
                $name {
                    // Struct fields are evaluated in the order written, which is the order of `keys`.
                    $($field: keys.next().and_then(|key| reader.field(table, key)),)+
                }
            }
        }

        impl $crate::config::reader::FromValue for $name {
            const SHAPE: $crate::config::table::Shape =
                $crate::config::table::Shape::Table(&Self::TABLE);

            fn form() -> String {
                "a table".to_owned()
            }

            fn read(
                value: &$crate::config::reader::Value<'_>,
                reader: &mut $crate::config::reader::Reader<'_>,
            ) -> Option<Self> {
                reader.table(value, &Self::TABLE)
            }

            fn absent(
                place: $crate::config::Place,
                reader: &mut $crate::config::reader::Reader<'_>,
            ) -> Option<Self> {
                Some(reader.defaults(place, &Self::TABLE))
            }
        }
    };
}

macro_rules! presence {
    (required) => {
        $crate::config::table::Presence::Required
    };
    (optional) => {
        $crate::config::table::Presence::Optional
    };
    (suggested) => {
        $crate::config::table::Presence::Suggested
    };
    (default $text:literal) => {
        $crate::config::table::Presence::Default($text)
    };
    (instead $other:literal) => {
        $crate::config::table::Presence::Instead($other)
    };
}

/// Declares an enum whose variants are words of the file, each with its text.
macro_rules! words {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $( $(#[doc = $doc:literal])+ $variant:ident = $word:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $vis enum $name {
            $( $(#[doc = $doc])+ $variant, )+
        }

        impl $crate::config::reader::FromText for $name {
            const WORDS: &'static [(&'static str, &'static str)] =
                &[$(($word, concat!($($doc, "\n"),+))),+];

            fn form() -> String {
                $crate::config::fault::one_of(&[$(concat!("\"", $word, "\"")),+])
            }

            fn from_text(text: &str) -> Result<Self, $crate::config::Fault> {
                match text {
                    $( $word => Ok($name::$variant), )+
                    _ => Err($crate::config::value::unknown_word(text, &[$($word),+])),
                }
            }
        }
    };
}

pub(super) use {presence, table, words};
