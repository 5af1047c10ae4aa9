//! The demo city that `gengwei demo` loads, as its `--json` lines tell it.

use serde_json::Value;

use crate::Site;

/// One account of the demo city.
#[derive(Clone, Debug)]
pub struct Account {
    /// What one logs in with.
    pub name: String,
    /// Its password.
    pub password: String,
    /// 2 city, 3 county, 4 township, 5 village, 6 group; none for an administrator without a post.
    pub level: Option<u64>,
    /// The region's code, 12 digits or 14.
    pub region: String,
    /// What the account is for.
    pub role: String,
}

/// What the demo city tells about itself.
#[derive(Debug)]
pub struct Demo {
    /// Everybody who can log in.
    pub accounts: Vec<Account>,
    /// A label's URL, `https://<host>/g/<code>?t=<tag>`.
    pub scan_url: String,
}

impl Demo {
    /// Loads the demo city into a place.
    pub fn load(site: &Site) -> Self {
        Self::told(&site.run(["demo", "--json"]).done().objects())
    }

    /// Reads what `gengwei demo --json` told.
    pub(crate) fn told(lines: &[Value]) -> Self {
        let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let accounts = lines.iter().filter(|line| line.get("account").is_some()).map(|line| Account {
            name: text(line, "account"),
            password: text(line, "password"),
            level: line["level"].as_u64(),
            region: text(line, "region"),
            role: text(line, "role"),
        });
        let scan_url = lines.iter().find_map(|line| line["scan_url"].as_str());
        Self { accounts: accounts.collect(), scan_url: scan_url.expect("one scan_url line").to_owned() }
    }

    /// 组长, level 6: the end of the chain, whose region lies in the regions of all others on it.
    pub fn group_leader(&self) -> &Account {
        self.at(6).next().expect("an account of level 6")
    }

    /// 村责任人, level 5, over the group leader.
    pub fn village(&self) -> &Account {
        self.chain(5)
    }

    /// The township's officer, level 4, over the village.
    pub fn township(&self) -> &Account {
        self.chain(4)
    }

    /// The county's account, level 3.
    pub fn county(&self) -> &Account {
        self.chain(3)
    }

    /// The city's account, level 2.
    pub fn city(&self) -> &Account {
        self.chain(2)
    }

    /// The officer of another township, who must be told nothing about the chain's.
    pub fn neighbour(&self) -> &Account {
        let chain = unit(self.group_leader(), 9);
        self.at(4).find(|account| unit(account, 9) != chain).expect("a neighbouring township's account")
    }

    /// Path and query of the scan URL.
    pub fn scan_path(&self) -> &str {
        let start = self.scan_url.find("/g/").expect("a scan URL leads to /g/");
        &self.scan_url[start..]
    }

    /// The parcel code in the scan URL.
    pub fn scan_code(&self) -> &str {
        let after = &self.scan_path()["/g/".len()..];
        after.split('?').next().unwrap_or(after)
    }

    fn at(&self, level: u64) -> impl Iterator<Item = &Account> {
        self.accounts.iter().filter(move |account| account.level == Some(level))
    }

    fn chain(&self, level: u64) -> &Account {
        let digits = [0, 2, 4, 6, 9, 12, 14][level as usize];
        let leader = unit(self.group_leader(), digits);
        self.at(level).find(|account| unit(account, digits) == leader).unwrap_or_else(|| {
            panic!("no account of level {level} over {leader}: {:#?}", self.accounts);
        })
    }
}

/// The first digits of an account's region, which name a unit of a level.
fn unit(account: &Account, digits: usize) -> &str {
    account.region.get(..digits).unwrap_or(&account.region)
}
