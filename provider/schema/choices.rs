//! Declares an attribute that has one of a few texts.

/// Declares an enum and the texts of its variants.
///
/// The doc comment of the enum describes every attribute of this type that has no description of its own; the doc
/// comment of a variant describes its text.
///
/// ```ignore
/// choices! {
///     /// How Route 53 chooses a region for each client.
///     pub(crate) enum Policy {
///         /// The region with the lowest latency to the client.
///         Latency = "latency",
///     }
/// }
/// ```
macro_rules! choices {
    ($(
        $(#[doc = $about:literal])*
        $vis:vis enum $name:ident {
            $($(#[doc = $doc:literal])* $variant:ident = $text:literal,)*
        }
    )*) => {$(
        $(#[doc = $about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $vis enum $name {
            $($(#[doc = $doc])* $variant,)*
        }

        impl $name {
            /// The text in the configuration.
            $vis fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }

            /// The variant of a text.
            $vis fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }

        impl $crate::schema::Plain for $name {
            fn ty() -> $crate::wire::Type {
                $crate::wire::Type::String
            }
        }

        impl $crate::schema::AttributeType for $name {
            fn shape() -> $crate::schema::Shape {
                $crate::schema::Shape::Plain(<Self as $crate::schema::Plain>::ty())
            }

            fn constraint() -> $crate::schema::Constraint {
                $crate::schema::Constraint::Choices(vec![
                    $($crate::schema::Choice { value: $text, description: concat!($($doc),*).trim_ascii() },)*
                ])
            }

            fn description() -> &'static str {
                concat!($($about, "\n"),*)
            }

            fn encode(&self) -> $crate::wire::Value {
                $crate::wire::Value::String(self.as_str().to_owned())
            }
        }

        impl $crate::schema::Decode for $name {
            fn decode(value: &$crate::wire::Value) -> Option<Self> {
                match value {
                    $crate::wire::Value::String(text) => Self::parse(text),
                    _ => None,
                }
            }
        }
    )*};
}

pub(crate) use choices;
