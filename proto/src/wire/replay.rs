/// Remembers which of the last 64 frame counters have been seen, so that a replayed frame is told from a late one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReplayWindow {
    /// One more than the highest counter seen.
    top: u64,
    /// Bit `i` stands for `top - 1 - i`.
    seen: u64,
}

impl ReplayWindow {
    /// Takes note of a counter whose frame opened; `false` when it was seen before or lies too far back to tell.
    pub fn accept(&mut self, counter: u32) -> bool {
        let counter = u64::from(counter);
        if counter >= self.top {
            let ahead = counter + 1 - self.top;
            self.seen = u32::try_from(ahead).ok().and_then(|by| self.seen.checked_shl(by)).unwrap_or(0) | 1;
            self.top = counter + 1;
            return true;
        }
        let back = self.top - 1 - counter;
        if back >= u64::from(u64::BITS) || self.seen >> back & 1 == 1 {
            return false;
        }
        self.seen |= 1 << back;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::ReplayWindow;

    #[test]
    fn a_counter_is_taken_once_in_any_order_within_the_window() {
        let mut window = ReplayWindow::default();
        assert!([5, 3, 4, 0, 68].iter().all(|counter| window.accept(*counter)));
        assert!(![5, 3, 4, 0, 68].iter().any(|counter| window.accept(*counter)));
        assert!(!window.accept(2), "too far back to tell");
        assert!(window.accept(6), "the last that the window holds is 5");
        assert!(window.accept(u32::MAX) && !window.accept(u32::MAX));
    }
}
