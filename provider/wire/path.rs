//! The path of an attribute in a configuration.

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

/// The path of a value in a configuration: `regions["us-east-1"].weight`. The empty path is the path of the whole block.
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

    /// The path of an attribute of the object at this path.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Self {
        self.with(Segment::Attribute(name.to_owned()))
    }

    /// The path of an element of the map at this path.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.with(Segment::Key(key.to_owned()))
    }

    /// The path of an element of the list at this path.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.with(Segment::Index(i64::try_from(index).unwrap_or(i64::MAX)))
    }

    /// The path of what is at `steps` inside the value at this path.
    #[must_use]
    pub fn join(&self, steps: impl IntoIterator<Item = Segment>) -> Self {
        Self(self.0.iter().cloned().chain(steps).collect())
    }

    /// The steps from the root.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// The path with another first step.
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
