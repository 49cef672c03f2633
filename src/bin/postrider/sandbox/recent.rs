//! The latest items of a kind; the oldest are forgotten, so that a loop cannot fill the memory.

use std::collections::VecDeque;

const MOST: usize = 10_000;

pub struct Recent<T>(VecDeque<T>);

impl<T> Recent<T> {
    pub fn new() -> Self {
        Recent(VecDeque::new())
    }

    pub fn remember(&mut self, item: T) {
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back(item);
    }

    pub fn find(&self, wanted: impl Fn(&T) -> bool) -> Option<&T> {
        self.0.iter().find(|item| wanted(item))
    }

    pub fn find_mut(&mut self, wanted: impl Fn(&T) -> bool) -> Option<&mut T> {
        self.0.iter_mut().find(|item| wanted(item))
    }

    pub fn take(&mut self, wanted: impl Fn(&T) -> bool) -> Option<T> {
        let position = self.0.iter().position(wanted)?;
        self.0.remove(position)
    }

    pub fn forget(&mut self, unwanted: impl Fn(&T) -> bool) {
        self.0.retain(|item| !unwanted(item));
    }
}
