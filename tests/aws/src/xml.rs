//! The XML of AWS's messages: elements with text or children, without mixed content.

use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};

/// An element of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Element {
    /// The name without a prefix.
    pub(crate) name: String,
    /// The namespace, if the element declares one.
    pub(crate) namespace: Option<String>,
    /// The text; empty when there are children.
    pub(crate) text: String,
    /// The child elements.
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// An element with text.
    pub(crate) fn with_text(name: &str, text: impl Into<String>) -> Self {
        Self { name: name.to_owned(), text: text.into(), ..Self::default() }
    }

    /// An element with children.
    pub(crate) fn with_children(name: &str, children: Vec<Element>) -> Self {
        Self { name: name.to_owned(), children, ..Self::default() }
    }

    /// Parses a message; `None` for malformed XML.
    pub(crate) fn parse(message: &[u8]) -> Option<Self> {
        let mut reader = Reader::from_str(std::str::from_utf8(message).ok()?);
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().ok()? {
                Event::Start(start) => open.push(element(&start)),
                Event::Empty(start) => {
                    let leaf = element(&start);
                    open.last_mut()?.children.push(leaf);
                }
                Event::Text(text) => open.last_mut()?.text.push_str(&text),
                Event::CData(data) => open.last_mut()?.text.push_str(&data),
                Event::GeneralRef(reference) => {
                    let entity = format!("&{};", &*reference);
                    open.last_mut()?.text.push_str(&quick_xml::escape::unescape(&entity).ok()?);
                }
                Event::End(_) => {
                    let mut done = open.pop()?;
                    if !done.children.is_empty() {
                        done.text.clear();
                    }
                    open.last_mut()?.children.push(done);
                }
                Event::Eof => break,
                _ => {}
            }
        }
        open.pop().filter(|_| open.is_empty())?.children.pop()
    }

    /// Serializes it as a whole message.
    pub(crate) fn to_message(&self) -> Vec<u8> {
        let mut writer = Writer::new(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_vec());
        // Writing to a buffer does not fail.
        let _ = self.write(&mut writer);
        writer.into_inner()
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>) -> std::io::Result<()> {
        let mut start = BytesStart::new(self.name.as_str());
        if let Some(namespace) = &self.namespace {
            start.push_attribute(("xmlns", namespace.as_str()));
        }
        writer.write_event(Event::Start(start))?;
        writer.write_event(Event::Text(BytesText::new(&self.text)))?;
        for child in &self.children {
            child.write(writer)?;
        }
        writer.write_event(Event::End(BytesEnd::new(self.name.as_str())))
    }

    /// The first child of this name.
    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The first child of this name, mutable.
    pub(crate) fn child_mut(&mut self, name: &str) -> Option<&mut Element> {
        self.children.iter_mut().find(|child| child.name == name)
    }

    /// The element at the end of a path of names.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Element> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// The text at the end of a path of names; empty when there is none.
    pub(crate) fn text_at(&self, path: &[&str]) -> &str {
        self.at(path).map_or("", |element| &element.text)
    }

    /// The children at the end of a path of names; empty when there are none.
    pub(crate) fn items_at(&self, path: &[&str]) -> &[Element] {
        self.at(path).map_or(&[], |element| &element.children)
    }

    /// Applies `change` to this element and all its descendants.
    pub(crate) fn each_mut(&mut self, change: &mut impl FnMut(&mut Element)) {
        change(self);
        for child in &mut self.children {
            child.each_mut(change);
        }
    }
}

fn element(start: &BytesStart<'_>) -> Element {
    let namespace = start
        .attributes()
        .flatten()
        .find(|attribute| attribute.key.as_ref() == "xmlns")
        .map(|attribute| attribute.value.into_owned());
    let name = start.local_name().as_ref().to_owned();
    Element { name, namespace, ..Element::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parsed_message_is_written_unchanged() {
        let message =
            b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a xmlns=\"urn:x\"><b>1 &lt; 2 &amp; 3</b><c></c></a>";
        let read = Element::parse(message).unwrap();
        assert_eq!(read.text_at(&["b"]), "1 < 2 & 3");
        assert_eq!(String::from_utf8(read.to_message()).unwrap(), String::from_utf8(message.to_vec()).unwrap());
    }

    #[test]
    fn indentation_is_not_text() {
        let read = Element::parse(b"<a>\n  <b/>\n  <b>2</b>\n</a>").unwrap();
        assert_eq!(read.text, "");
        assert_eq!(read.children.iter().map(|child| child.text.as_str()).collect::<Vec<_>>(), ["", "2"]);
    }

    #[test]
    fn malformed_xml_is_rejected() {
        for message in [&b""[..], b"<a>", b"{}", b"<a></b>"] {
            assert_eq!(Element::parse(message), None, "{}", String::from_utf8_lossy(message));
        }
    }
}
