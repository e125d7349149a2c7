//! Figures as they come, in a file, and as tables in the end.

use std::{collections::BTreeMap, fs::File, io::Write as _, path::Path};

/// What was measured so far.
pub struct Report {
    csv: Option<File>,
    /// In the order of the first figure of each.
    rows: Vec<(u32, &'static str)>,
    figures: BTreeMap<(&'static str, &'static str, u32), f64>,
}

impl Report {
    pub fn new(csv: Option<&Path>) -> Self {
        let csv = csv.map(|path| {
            let mut file = File::create(path).unwrap();
            writeln!(file, "measure,store,tenants,value").unwrap();
            file
        });
        Self { csv, rows: Vec::new(), figures: BTreeMap::new() }
    }

    pub fn add(&mut self, measure: &'static str, store: &'static str, tenants: u32, value: f64) {
        println!("{store}, {tenants} tenants, {measure}: {value:.2}");
        if let Some(file) = &mut self.csv {
            // In one piece: a run may be cut at any time.
            file.write_all(format!("{measure},{store},{tenants},{value:.3}\n").as_bytes()).unwrap();
        }
        if !self.rows.contains(&(tenants, store)) {
            self.rows.push((tenants, store));
        }
        self.figures.insert((measure, store, tenants), value);
    }

    /// Every table so far, in Markdown.
    pub fn print(&self) {
        for (title, columns) in TABLES {
            println!("\n{title}:\n");
            let heads: String = columns.iter().map(|(head, ..)| format!(" {head} |")).collect();
            println!("| store | tenants |{heads}\n|---|---:|{}", "---:|".repeat(columns.len()));
            for (tenants, store) in &self.rows {
                let cell = |(_, measure, decimals, unit): &Column| {
                    let figure = self.figures.get(&(*measure, *store, *tenants));
                    figure.map(|figure| grouped(figure / unit, *decimals))
                };
                let cells: Vec<Option<String>> = columns.iter().map(cell).collect();
                if cells.iter().any(Option::is_some) {
                    let cells: String = cells
                        .iter()
                        .map(|cell| format!(" {} |", cell.as_deref().unwrap_or_default()))
                        .collect();
                    println!("| {store} | {} |{cells}", grouped(f64::from(*tenants), 0));
                }
            }
        }
        println!();
    }
}

/// With a comma after each three digits.
fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

/// Its head, what it shows, with how many decimals, and in what unit.
type Column = (&'static str, &'static str, usize, f64);

const MIB: f64 = 1024.0;

const TABLES: [(&str, &[Column]); 3] = [
    (
        "Opening and lookups, in µs",
        &[
            ("open the store", "connect_us", 0, 1.0),
            ("open the keyring", "open_us", 0, 1.0),
            ("the database's part", "scan_us", 1, 1.0),
            ("not cached", "cold_us", 1, 1.0),
            ("p99", "cold_p99_us", 1, 1.0),
            ("cached", "cached_us", 2, 1.0),
            ("p99", "cached_p99_us", 2, 1.0),
        ],
    ),
    (
        "Memory of a process that has used all tenants, 200,000 at most, in MiB",
        &[
            ("before", "rss_before_kib", 1, MIB),
            ("8,192 cached", "rss_8192_kib", 1, MIB),
            ("65,536 cached", "rss_65536_kib", 1, MIB),
        ],
    ),
    (
        "Another KEK, in records per second",
        &[
            ("unwrap and wrap alone", "raw_records_per_s", 0, 1.0),
            ("database alone", "put_back_records_per_s", 0, 1.0),
            ("`rotate_kek`", "rotation_records_per_s", 0, 1.0),
            ("ratio", "rotation_ratio", 2, 1.0),
            ("filling", "fill_records_per_s", 0, 1.0),
        ],
    ),
];
