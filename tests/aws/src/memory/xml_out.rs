//! What the services that answer in XML have in common: elements, pages and tags.

use http::StatusCode;

use crate::message::Answer;
use crate::xml::Element;

/// An element with text.
pub(super) fn text(name: &str, value: impl Into<String>) -> Element {
    Element::with_text(name, value)
}

/// An element with children.
pub(super) fn node(name: &str, children: Vec<Element>) -> Element {
    Element::with_children(name, children)
}

/// An answer whose root is this element of this namespace.
pub(super) fn message(status: StatusCode, namespace: &str, root: Element) -> Answer {
    Answer::xml(status, &Element { namespace: Some(namespace.to_owned()), ..root })
}

/// The text of a child that is there and not empty.
pub(super) fn given<'a>(element: &'a Element, name: &str) -> Option<&'a str> {
    element.child(name).map(|child| child.text.as_str()).filter(|text| !text.is_empty())
}

/// Everything that is in an element, whatever its order: two that say the same have equal ones.
pub(super) fn contents(element: &Element) -> Vec<String> {
    fn collect(element: &Element, path: &str, into: &mut Vec<String>) {
        let path = format!("{path}/{}", element.name);
        if element.children.is_empty() {
            into.push(format!("{path}={}", element.text));
        }
        for child in &element.children {
            collect(child, &path, into);
        }
    }
    let mut contents = Vec::new();
    collect(element, "", &mut contents);
    contents.sort();
    contents
}

/// A part of a list, and the first item after it.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<T>,
}

impl<T> Page<T> {
    /// As many items as were asked for; `most` when nobody asked, and never more than that.
    pub(super) fn of(items: impl Iterator<Item = T>, asked: Option<&str>, most: usize) -> Self {
        let size = asked.and_then(|asked| asked.parse().ok()).unwrap_or(most).clamp(1, most);
        let mut items: Vec<T> = items.take(size + 1).collect();
        let next = if items.len() > size { items.pop() } else { None };
        Self { items, next }
    }

    /// Whether there is more.
    pub(super) fn is_truncated(&self) -> Element {
        text("IsTruncated", self.next.is_some().to_string())
    }
}

/// Whether a tag's key or value has only characters that IAM and CloudFront take: `[\p{L}\p{Z}\p{N}_.:/=+\-@]`.
pub(super) fn is_taggable(text: &str) -> bool {
    let is_space = |letter: char| letter.is_whitespace() && !letter.is_control();
    text.chars().all(|letter| letter.is_alphanumeric() || is_space(letter) || "_.:/=+-@".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_where_the_next_begins() {
        let page = Page::of(1..=5, Some("2"), 100);
        assert_eq!((page.items, page.next), (vec![1, 2], Some(3)));
        let page = Page::of(1..=2, Some("2"), 100);
        assert_eq!((page.items, page.next), (vec![1, 2], None));
        assert_eq!(Page::of(1..=5, Some("1000"), 3).next, Some(4));
        assert_eq!(Page::of(1..=5, Some("many"), 3).next, Some(4));
    }

    #[test]
    fn the_same_in_another_order_is_the_same() {
        let one = Element::parse(b"<a><b><c>1</c><c>2</c></b><d>3</d></a>").unwrap();
        let other = Element::parse(b"<a><d>3</d><b><c>2</c><c>1</c></b></a>").unwrap();
        assert_eq!(contents(&one), contents(&other));
        assert_ne!(contents(&one), contents(&Element::parse(b"<a><d>3</d></a>").unwrap()));
    }

    #[test]
    fn tags_take_few_signs() {
        assert!(is_taggable("multiregion:owner/ü 1+@=_."));
        assert!(!is_taggable("a#b") && !is_taggable("a\nb"));
    }
}
