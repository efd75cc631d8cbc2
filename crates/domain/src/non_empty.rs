//! Lists that have at least one item.

use std::ops::{Deref, DerefMut};
use std::slice;

/// A list with at least one item. It can be read as a slice, and only grow, or shrink down to its first item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NonEmpty<T>(Vec<T>);

impl<T> NonEmpty<T> {
    /// A list of one item.
    #[must_use]
    pub fn new(first: T) -> Self {
        Self(vec![first])
    }

    /// The items, or nothing where there are none.
    #[must_use]
    pub fn from_vec(items: Vec<T>) -> Option<Self> {
        (!items.is_empty()).then_some(Self(items))
    }

    /// The first item.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "there is no constructor of an empty list"
    )]
    pub fn first(&self) -> &T {
        &self.0[0]
    }

    /// The last item.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "there is no constructor of an empty list"
    )]
    pub fn last(&self) -> &T {
        &self.0[self.0.len() - 1]
    }

    /// Adds an item at the end.
    pub fn push(&mut self, item: T) {
        self.0.push(item);
    }

    /// Removes the last item, unless it is the only one.
    pub fn pop(&mut self) -> Option<T> {
        if self.0.len() > 1 { self.0.pop() } else { None }
    }

    /// The items.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T> Deref for NonEmpty<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'a, T> IntoIterator for &'a NonEmpty<T> {
    type Item = &'a T;
    type IntoIter = slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T> DerefMut for NonEmpty<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<'a, T> IntoIterator for &'a mut NonEmpty<T> {
    type Item = &'a mut T;
    type IntoIter = slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::NonEmpty;

    #[test]
    fn the_last_item_stays() {
        let mut list = NonEmpty::new('a');
        list.push('b');
        assert_eq!((list.first(), list.last(), list.len()), (&'a', &'b', 2));
        assert_eq!(list.pop(), Some('b'));
        assert_eq!(list.pop(), None);
        assert_eq!((list.first(), list.last()), (&'a', &'a'));
        assert_eq!(NonEmpty::<char>::from_vec(Vec::new()), None);
    }
}
