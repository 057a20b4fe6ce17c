//! The path of one attribute inside a configuration.

use std::fmt;

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    /// An attribute of an object: `.name`.
    Attribute(String),
    /// An element of a map: `["us-east-1"]`.
    Key(String),
    /// An element of a list: `[0]`.
    Index(i64),
}

/// Where in a configuration a value stands: `regions["us-east-1"].weight`. The empty path is the whole block.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(Vec<Segment>);

impl Path {
    /// The whole block.
    pub fn root() -> Self {
        Self::default()
    }

    /// A top-level attribute.
    pub fn of(attribute: &str) -> Self {
        Self::root().attribute(attribute)
    }

    /// The path of an attribute of the object here.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Self {
        self.with(Segment::Attribute(name.to_owned()))
    }

    /// The path of an element of the map here.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.with(Segment::Key(key.to_owned()))
    }

    /// The path of an element of the list here.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.with(Segment::Index(i64::try_from(index).unwrap_or(i64::MAX)))
    }

    /// The steps from the block's root.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// This path as seen from one level further out.
    pub(super) fn inside(mut self, segment: Segment) -> Self {
        self.0.insert(0, segment);
        self
    }

    fn with(&self, segment: Segment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Attribute(name) if position == 0 => f.write_str(name)?,
                Segment::Attribute(name) => write!(f, ".{name}")?,
                Segment::Key(key) => write!(f, "[{key:?}]")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
