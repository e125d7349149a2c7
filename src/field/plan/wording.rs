//! Plans and findings in plain words.

use super::{
    Anonymity, Finding, Language, Plan, Severity,
    index::{IndexPlan, Leak},
};

/// What a finding says, in English.
pub(super) fn english(finding: &Finding) -> String {
    match finding {
        Finding::BitsFew { at_least, bits, index, opened } => format!(
            "{index}: with {bits} bits each search opens about {} rows, most of them for nothing. Take at least \
             {at_least} bits.",
            number(*opened)
        ),
        Finding::BitsMany { at_most: Some(at_most), bits, index } => format!(
            "{index}: with {bits} bits nearly every value has a token of its own. Whoever reads the database sees which \
             rows have equal values, and how often each value occurs. Take at most {at_most} bits."
        ),
        Finding::BitsMany { at_most: None, bits, index } => format!(
            "{index}: nearly every value has a token of its own, and with 8 bits, the fewest there are, it would be no \
             different (it has {bits}). Whoever reads the database sees which rows have equal values. Accept that, leave the \
             index out and read all rows instead, or index this value together with another."
        ),
        Finding::ClearMask { bits } => format!(
            "The mask is stored in clear and tells about {} bits of each value to whoever reads the database. Seal it: a \
             listing can still show it.",
            number(*bits)
        ),
        Finding::Equality { index } => format!(
            "{index}: whoever reads the database sees every pair of equal values, and recognises a value that is written again. \
             That is what it is for; take it only where values are nearly all different."
        ),
        Finding::FewDistinct { distinct, index } => format!(
            "{index}: there are only {} different values. Whoever knows which of them is frequent names each by its token, \
             whatever the number of bits. Leave this index out: search by another field and look at this one after opening, \
             or index it together with a field that has many values.",
            number(*distinct)
        ),
        Finding::HeavyValue { index, partitions, share } => {
            let remedy = match partitions {
                Some(partitions) => format!("Spread its tokens over {partitions} partitions."),
                None => "Partitions alone would not hide it: take fewer bits as well, index it together with another field, or \
                         store it as cells."
                    .to_owned(),
            };
            format!(
                "{index}: one value has {} of all rows. Its token is so frequent that whoever reads the database guesses \
                 which value it is. {remedy}",
                percent(*share)
            )
        }
        Finding::ManyTokens { index, tokens } => format!(
            "{index}: each search asks the database for {tokens} tokens. End earlier index epochs by writing all rows anew, \
             or take fewer partitions."
        ),
        Finding::NoRows => {
            "There are no rows to judge by. Plan again with data, or with the counts of a similar tenant."
                .to_owned()
        }
        Finding::Refused { index, values } => format!(
            "{index}: {values} values of the sample have no token, since they are not of the form that the index asks for. \
             They cannot be found by it, and a vault refuses to write them. Correct them, or take another normaliser."
        ),
        Finding::RowsAlone { share } => format!(
            "{} of the rows share their tokens with no other row. Whoever knows a person's value and sees one search for it \
             knows the row. Take fewer bits or fewer indexes.",
            percent(*share)
        ),
        Finding::RowsIdentified { allowed, leaked, rows } => format!(
            "Everything that can be read in the database tells up to {} bits of each row; among {} rows up to {} are safe. \
             The tokens of a row, taken together, single it out. Leave an index out, or take the bits that are proposed.",
            number(*leaked),
            number(*rows),
            number(allowed.max(0.0))
        ),
        Finding::SampleSmall { seen } => {
            format!("A sample of {seen} rows is too small to rely on. Take 100 at least, better 10,000.")
        }
        Finding::Sampled { rows, seen } => format!(
            "The numbers are estimated from {seen} rows of about {}. They hold if these were drawn at random, and they count \
             too few different values rather than too many.",
            number(*rows)
        ),
        Finding::SearchLarge { index, opened } => {
            format!("{index}: each search opens about {} rows.", number(*opened))
        }
        Finding::TenantSmall { rows } => format!(
            "With {} rows no token hides which rows have equal values, however short it is. Accept that, or leave the index \
             out and read all rows: there are few.",
            number(*rows)
        ),
    }
}

/// What a finding says, in Chinese.
pub(super) fn chinese(finding: &Finding) -> String {
    match finding {
        Finding::BitsFew { at_least, bits, index, opened } => format!(
            "{index}：{bits} 位太少，每次查找约要解开 {} 行，其中大多数是白解的。至少取 {at_least} 位。",
            number(*opened)
        ),
        Finding::BitsMany { at_most: Some(at_most), bits, index } => format!(
            "{index}：{bits} 位太多，几乎每个值都有自己独有的索引值。能读数据库的人看得出哪些行的值相等，每个值出现多少次。\
             最多取 {at_most} 位。"
        ),
        Finding::BitsMany { at_most: None, bits, index } => format!(
            "{index}：几乎每个值都有自己独有的索引值（现为 {bits} 位），降到最少的 8 位也是一样。能读数据库的人看得出哪些行的值\
             相等。要么接受这一点，要么不建这个索引、查找时读出全部行，要么与另一个字段合建索引。"
        ),
        Finding::ClearMask { bits } => format!(
            "掩码以明文存放，向能读数据库的人泄露每个值约 {} 位信息。请加密存放掩码，列表页照样能显示。",
            number(*bits)
        ),
        Finding::Equality { index } => format!(
            "{index}：能读数据库的人看得出每一对相等的值，也认得出再次写入的值。它本来就是为此而设；只应用在取值几乎各不相同的字段上。"
        ),
        Finding::FewDistinct { distinct, index } => format!(
            "{index}：只有 {} 种不同的值。知道哪种值最常见的人，凭索引值就能认出每一种，取多少位都没有用。不要单独建这个索引：\
             用别的字段查找，解开之后再看它；或者与一个取值很多的字段合建索引。",
            number(*distinct)
        ),
        Finding::HeavyValue { index, partitions, share } => {
            let remedy = match partitions {
                Some(partitions) => format!("请把索引值分散到 {partitions} 个分区。"),
                None => {
                    "只靠分区藏不住：请同时减少位数，与另一个字段合建索引，或者改用普通密文存放。".to_owned()
                }
            };
            format!(
                "{index}：有一个值占了全部行的 {}。它的索引值出现得太多，能读数据库的人猜得出是哪个值。{remedy}",
                percent(*share)
            )
        }
        Finding::ManyTokens { index, tokens } => format!(
            "{index}：每次查找要向数据库询问 {tokens} 个索引值。请重写全部行、结束旧的索引纪元，或者减少分区。"
        ),
        Finding::NoRows => "没有可供判断的行。请有数据之后再规划，或者用相近租户的计数来规划。".to_owned(),
        Finding::Refused { index, values } => format!(
            "{index}：样本中有 {values} 个值不符合该索引要求的格式，没有索引值。用这个索引查不到它们，vault 也会拒绝写入。\
             请改正这些值，或者换一种规范化规则。"
        ),
        Finding::RowsAlone { share } => format!(
            "有 {} 的行，其索引值与任何别的行都不同。知道某人的值、又看到对它的一次查找的人，就知道是哪一行。请减少位数，\
             或者少建索引。",
            percent(*share)
        ),
        Finding::RowsIdentified { allowed, leaked, rows } => format!(
            "数据库里能读到的一切，合起来最多泄露每一行 {} 位信息；在 {} 行当中，不超过 {} 位才安全。一行的几个索引值合在一起，\
             就能认出这一行。请去掉一个索引，或者采用建议的位数。",
            number(*leaked),
            number(*rows),
            number(allowed.max(0.0))
        ),
        Finding::SampleSmall { seen } => {
            format!("样本只有 {seen} 行，太少，不足为凭。至少取 100 行，最好 10000 行。")
        }
        Finding::Sampled { rows, seen } => format!(
            "这些数字是由约 {} 行中的 {seen} 行估计出来的。只有随机抽取的样本才算数；不同值的个数宁可少估，不会多估。",
            number(*rows)
        ),
        Finding::SearchLarge { index, opened } => {
            format!("{index}：每次查找约要解开 {} 行。", number(*opened))
        }
        Finding::TenantSmall { rows } => format!(
            "只有 {} 行，索引值再短，也藏不住哪些行的值相等。要么接受这一点，要么不建索引、查找时读出全部行：反正不多。",
            number(*rows)
        ),
    }
}

/// A plan, line by line.
pub(super) fn report(plan: &Plan, language: Language) -> String {
    let mut lines = vec![head(plan, language)];
    for index in &plan.indexes {
        lines.extend(of_index(index, plan.rows, language));
    }
    lines.extend(together(plan, language));
    for finding in &plan.findings {
        let mark = match (finding.severity(), language) {
            (Severity::Note, Language::Chinese) => "提示",
            (Severity::Note, Language::English) => "note",
            (Severity::Refuse, Language::Chinese) => "拒绝",
            (Severity::Refuse, Language::English) => "REFUSE",
            (Severity::Warn, Language::Chinese) => "警告",
            (Severity::Warn, Language::English) => "warning",
        };
        lines.push(format!("[{mark}] {}", finding.to_text(language)));
    }
    lines.join("\n")
}

fn head(plan: &Plan, language: Language) -> String {
    let Plan { label, seen, .. } = plan;
    let rows = number(plan.rows);
    let is_warned = plan.findings.iter().any(|finding| finding.severity() == Severity::Warn);
    match (language, plan.is_acceptable()) {
        (Language::Chinese, true) if is_warned => {
            format!(
                "{label}：{rows} 行，看了 {seen} 行。没有必须拒绝的理由；接受下面的警告，才可以这样建索引。"
            )
        }
        (Language::English, true) if is_warned => format!(
            "{label}: {rows} rows, of which {seen} were looked at. Nothing forbids these indexes; build them only if the \
             warnings below are accepted."
        ),
        (Language::Chinese, true) => format!("{label}：{rows} 行，看了 {seen} 行。可以这样建索引。"),
        (Language::Chinese, false) => format!("{label}：{rows} 行，看了 {seen} 行。不可以这样建索引。"),
        (Language::English, true) => {
            format!(
                "{label}: {rows} rows, of which {seen} were looked at. The indexes may be built like this."
            )
        }
        (Language::English, false) => {
            format!(
                "{label}: {rows} rows, of which {seen} were looked at. Do not build the indexes like this."
            )
        }
    }
}

fn of_index(index: &IndexPlan, rows: f64, language: Language) -> [String; 4] {
    let IndexPlan { bits, candidates, label, tokens, .. } = index;
    let (distinct, top) = (number(index.distinct), percent(index.top_share));
    let [opened, wrong, p99, most] =
        [candidates.per_value, candidates.false_per_value, candidates.p99, candidates.most].map(number);
    let (leak, like) = (span(index.leak, language), number(rows / index.leak.at_most.exp2()));
    let asked = if *tokens == 1 { "one token".to_owned() } else { format!("{tokens} tokens") };
    let proposal = match (index.proposed_bits, language) {
        (_, Language::Chinese) if index.shows_equality() => "位数是固定的。".to_owned(),
        (_, Language::English) if index.shows_equality() => "Its bits are fixed.".to_owned(),
        (Some(proposed), Language::Chinese) => format!("建议 {proposed} 位。"),
        (Some(proposed), Language::English) => format!("Proposed: {proposed} bits."),
        (None, Language::Chinese) => "取多少位都不安全，见下文。".to_owned(),
        (None, Language::English) => "No number of bits is safe: see below.".to_owned(),
    };
    match language {
        Language::Chinese => [
            format!("索引 {label}（{bits} 位）：{proposal}"),
            format!("  不同的值约 {distinct} 种，最常见的一种占 {top} 的行。"),
            format!(
                "  一次查找询问 {tokens} 个索引值，平均解开约 {opened} 行（其中 {wrong} 行不是要找的）；\
                 百分之九十九的值不超过 {p99} 行，最多 {most} 行。"
            ),
            format!(
                "  能读数据库但没有密钥的人，由索引值得知一行的值的 {leak} 位信息：平均只能缩小到 {like} 行。"
            ),
        ],
        Language::English => [
            format!("Index {label} ({bits} bits). {proposal}"),
            format!("  About {distinct} different values; the most frequent one has {top} of the rows."),
            format!(
                "  A search asks for {asked} and opens about {opened} rows on average, {wrong} of them for \
                 nothing; {p99} or fewer for 99 in 100 values, {most} for the worst."
            ),
            format!(
                "  Whoever reads the database without a key learns {leak} bits about a row's value: on average that narrows \
                 it down to {like} rows."
            ),
        ],
    }
}

fn together(plan: &Plan, language: Language) -> Vec<String> {
    let [leaked, identifying] = [plan.leaked_bits, plan.identifying_bits].map(number);
    let mut lines = vec![match language {
        Language::Chinese => {
            format!("合计：最多泄露每行 {leaked} 位信息；认出一行需要 {identifying} 位。")
        }
        Language::English => {
            format!("Together: up to {leaked} bits of each row; {identifying} bits single out one row.")
        }
    }];
    if let Some(Anonymity { alone, fifth_percentile, least, median }) = plan.anonymity {
        let alone = percent(alone);
        let [fifth, least, median] = [fifth_percentile, least, median].map(number);
        lines.push(match language {
            Language::Chinese => format!(
                "  看起来一样的行：至少 {least} 行，百分之五的行不超过 {fifth} 行，半数的行不超过 {median} 行；{alone} 的行\
                 独一无二。"
            ),
            Language::English => format!(
                "  Rows that look the same: {least} at least; {fifth} or fewer for one row in twenty, {median} or fewer for \
                 half of them; {alone} of the rows look like no other."
            ),
        });
    }
    lines
}

/// A leak between its bounds.
fn span(leak: Leak, language: Language) -> String {
    let [at_least, at_most] = [leak.at_least, leak.at_most].map(number);
    match language {
        _ if at_least == at_most => at_most,
        Language::Chinese => format!("{at_least} 到 {at_most}"),
        Language::English => format!("{at_least} to {at_most}"),
    }
}

/// One decimal where it says something.
fn number(number: f64) -> String {
    let tenths = (number * 10.0).round();
    if number < 100.0 && tenths % 10.0 != 0.0 { format!("{number:.1}") } else { format!("{number:.0}") }
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        percent if percent > 0.0 && percent < 0.1 => "<0.1%".to_owned(),
        percent => format!("{}%", number(percent)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each.
    fn all() -> [Finding; 17] {
        let index = || "exact".to_owned();
        [
            Finding::BitsFew { at_least: 9, bits: 8, index: index(), opened: 781.25 },
            Finding::BitsMany { at_most: Some(16), bits: 32, index: index() },
            Finding::BitsMany { at_most: None, bits: 32, index: index() },
            Finding::ClearMask { bits: 13.29 },
            Finding::Equality { index: index() },
            Finding::FewDistinct { distinct: 2.0, index: index() },
            Finding::HeavyValue { index: index(), partitions: Some(16), share: 0.25 },
            Finding::HeavyValue { index: index(), partitions: None, share: 0.25 },
            Finding::ManyTokens { index: index(), tokens: 65 },
            Finding::NoRows,
            Finding::Refused { index: index(), values: 7 },
            Finding::RowsAlone { share: 0.95 },
            Finding::RowsIdentified { allowed: 16.6, leaked: 28.3, rows: 200_000.0 },
            Finding::SampleSmall { seen: 99 },
            Finding::Sampled { rows: 200_000.0, seen: 2_000 },
            Finding::SearchLarge { index: index(), opened: 977.0 },
            Finding::TenantSmall { rows: 15.0 },
        ]
    }

    /// Its place among the variants: a variant that is added does not compile until it has one, and then must be in `all`.
    fn place(finding: &Finding) -> usize {
        match finding {
            Finding::BitsFew { .. } => 0,
            Finding::BitsMany { .. } => 1,
            Finding::ClearMask { .. } => 2,
            Finding::Equality { .. } => 3,
            Finding::FewDistinct { .. } => 4,
            Finding::HeavyValue { .. } => 5,
            Finding::ManyTokens { .. } => 6,
            Finding::NoRows => 7,
            Finding::Refused { .. } => 8,
            Finding::RowsAlone { .. } => 9,
            Finding::RowsIdentified { .. } => 10,
            Finding::SampleSmall { .. } => 11,
            Finding::Sampled { .. } => 12,
            Finding::SearchLarge { .. } => 13,
            Finding::TenantSmall { .. } => 14,
        }
    }

    #[test]
    fn every_finding_has_its_numbers_in_both_languages() {
        let numbers = |text: &str| {
            let parts =
                text.split(|c: char| !c.is_ascii_digit() && c != '.').map(|part| part.trim_matches('.'));
            let mut numbers: Vec<String> = parts.filter(|part| !part.is_empty()).map(str::to_owned).collect();
            numbers.sort();
            numbers
        };
        let mut places: Vec<usize> = all().iter().map(place).collect();
        places.dedup();
        assert_eq!(places, (0..=14).collect::<Vec<_>>());
        for finding in all() {
            let (english, chinese) = (finding.to_string(), finding.to_text(Language::Chinese));
            assert!(english.is_ascii() && english.ends_with('.'), "{english}");
            assert!(
                chinese.contains('\u{3002}')
                    && chinese.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
            );
            assert_eq!(
                numbers(&english.replace("10,000", "10000")),
                numbers(&chinese),
                "{english}\n{chinese}"
            );
            assert_eq!(english.contains("exact"), chinese.contains("exact"));
        }
    }

    #[test]
    fn numbers_are_as_long_as_they_are_true() {
        for (given, shown) in
            [(0.0, "0"), (6.1, "6.1"), (6.04, "6"), (99.96, "100"), (100.4, "100"), (200_000.0, "200000")]
        {
            assert_eq!(number(given), shown);
        }
        for (given, shown) in [(0.0, "0%"), (1e-9, "<0.1%"), (0.001, "0.1%"), (0.25, "25%"), (1.0, "100%")] {
            assert_eq!(percent(given), shown);
        }
    }
}
