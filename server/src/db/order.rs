//! Lists that are sorted by what the reader asks for, page by page.
//!
//! The cursor of a sorted list names the last row of a page; the next page begins behind where that row stands now.

use super::Query;

/// What rows of a list can be sorted by.
#[derive(Debug)]
pub struct Sortable {
    /// The table with its alias: `cases c`.
    pub table: &'static str,
    /// The unique column that settles a draw, and that a list without a wish is sorted by, the newest first: `c.id`.
    pub id: &'static str,
    /// Words of the API with what they sort by: an expression over the table that is never null.
    pub keys: &'static [(&'static str, &'static str)],
}

impl Sortable {
    /// The order that `due` or, downwards, `-due` asks for; none for a word that is not there.
    pub fn order(&'static self, wish: &str) -> Option<Order> {
        let (down, word) = match wish.strip_prefix('-') {
            Some(word) => (true, word),
            None => (false, wish),
        };
        let (_, expression) = self.keys.iter().find(|(known, _)| *known == word)?;
        Some(Order { of: self, expression: Some(expression), down })
    }

    /// The newest first.
    pub fn newest(&'static self) -> Order {
        Order { of: self, expression: None, down: true }
    }
}

/// An order of a list.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    of: &'static Sortable,
    expression: Option<&'static str>,
    down: bool,
}

impl Order {
    /// Continues a query that ends in a condition: rows behind the one with this id, in this order.
    pub fn page<'q>(&self, query: Query<'q>, after: Option<&'q str>, limit: i64) -> Query<'q> {
        let query = match after {
            Some(after) => self.behind(query, after),
            None => query,
        };
        self.by(query).push_bind(" limit ", limit)
    }

    /// Puts what a query finds in this order.
    pub fn by<'q>(&self, query: Query<'q>) -> Query<'q> {
        let way = if self.down { " desc" } else { " asc" };
        let query = query.push(" order by ");
        let query = match self.expression {
            Some(expression) => query.push(expression).push(way).push(", "),
            None => query,
        };
        query.push(self.of.id).push(way)
    }

    fn behind<'q>(&self, query: Query<'q>, after: &'q str) -> Query<'q> {
        let Sortable { table, id, .. } = self.of;
        let beyond = if self.down { " < " } else { " > " };
        let Some(expression) = self.expression else {
            return query.push(" and ").push(id).push_bind(beyond, after);
        };
        let pair = |query: Query<'q>| query.push(expression).push(", ").push(id);
        let query = pair(query.push(" and (")).push(")").push(beyond).push("(select ");
        let query = pair(query).push(" from ").push(table).push(" where ").push(id);
        query.push_bind(" = ", after).push(")")
    }
}
