//! Elements, pages and tags for services with XML responses.

use http::StatusCode;

use crate::message::Response;
use crate::xml::Element;

/// An element with text.
pub(super) fn text(name: &str, value: impl Into<String>) -> Element {
    Element::with_text(name, value)
}

/// An element with children.
pub(super) fn node(name: &str, children: Vec<Element>) -> Element {
    Element::with_children(name, children)
}

/// A response with this root element and namespace.
pub(super) fn message(status: StatusCode, namespace: &str, root: Element) -> Response {
    Response::xml(status, &Element { namespace: Some(namespace.to_owned()), ..root })
}

/// The text of a child that exists and is not empty.
pub(super) fn given<'a>(element: &'a Element, name: &str) -> Option<&'a str> {
    element.child(name).map(|child| child.text.as_str()).filter(|text| !text.is_empty())
}

/// All leaves of an element, sorted: elements with the same content in another order have equal contents.
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

/// A page of a list, and the first item after it.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<T>,
}

impl<T> Page<T> {
    /// A page of the requested size; the default and the maximum is `max`.
    pub(super) fn of(items: impl Iterator<Item = T>, requested: Option<&str>, max: usize) -> Self {
        let size = requested.and_then(|requested| requested.parse().ok()).unwrap_or(max).clamp(1, max);
        let mut items: Vec<T> = items.take(size + 1).collect();
        let next = if items.len() > size { items.pop() } else { None };
        Self { items, next }
    }

    /// The element that says whether there are more items.
    pub(super) fn is_truncated(&self) -> Element {
        text("IsTruncated", self.next.is_some().to_string())
    }
}

/// Whether a tag's key or value only has characters that IAM and CloudFront accept: `[\p{L}\p{Z}\p{N}_.:/=+\-@]`.
pub(super) fn is_valid_tag_text(text: &str) -> bool {
    let is_space = |letter: char| letter.is_whitespace() && !letter.is_control();
    text.chars().all(|letter| letter.is_alphanumeric() || is_space(letter) || "_.:/=+-@".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_the_first_item_of_the_next() {
        let page = Page::of(1..=5, Some("2"), 100);
        assert_eq!((page.items, page.next), (vec![1, 2], Some(3)));
        let page = Page::of(1..=2, Some("2"), 100);
        assert_eq!((page.items, page.next), (vec![1, 2], None));
        assert_eq!(Page::of(1..=5, Some("1000"), 3).next, Some(4));
        assert_eq!(Page::of(1..=5, Some("many"), 3).next, Some(4));
    }

    #[test]
    fn contents_do_not_depend_on_order() {
        let one = Element::parse(b"<a><b><c>1</c><c>2</c></b><d>3</d></a>").unwrap();
        let other = Element::parse(b"<a><d>3</d><b><c>2</c><c>1</c></b></a>").unwrap();
        assert_eq!(contents(&one), contents(&other));
        assert_ne!(contents(&one), contents(&Element::parse(b"<a><d>3</d></a>").unwrap()));
    }

    #[test]
    fn tags_have_a_limited_character_set() {
        assert!(is_valid_tag_text("multiregion:owner/ü 1+@=_."));
        assert!(!is_valid_tag_text("a#b") && !is_valid_tag_text("a\nb"));
    }
}
