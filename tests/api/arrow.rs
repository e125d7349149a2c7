//! Arrays of Arrow: every type, every shape of rows, what becomes of cells in data frames and files, and what is refused.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, BooleanArray, Date32Array, Decimal128Array,
    Decimal256Array, DictionaryArray, FixedSizeBinaryArray, Float32Array, Float64Array, Int8Array,
    Int16Array, Int32Array, Int64Array, LargeBinaryArray, LargeStringArray, NullArray, RecordBatch,
    StringArray, StringViewArray, StructArray, TimestampMicrosecondArray, TimestampMillisecondArray,
    TimestampNanosecondArray, TimestampSecondArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
    cast::AsArray as _,
    types::{Int8Type, Int64Type, UInt64Type},
};
use arrow_buffer::i256;
use arrow_schema::{DataType, Field as ArrowField, Schema, TimeUnit};
use tenantseal::{
    Error,
    field::{BatchError, BatchFields, BulkError, CellHeader, CellType, Field, Key, Row, SealedColumn, Value},
    tenant::{Keyring, Policy, Suite, Tenant},
};

use crate::fixture::{alterations, kek, keyring, keyring_of, options, pairs};

const TYPES: [&str; 9] = ["bytes", "text", "i64", "f64", "bool", "decimal", "date", "timestamp", "json"];

/// A column of each type, `t.<type>`.
fn typed(suite: Suite) -> Tenant {
    let fields: Vec<String> = TYPES
        .iter()
        .map(|kind| {
            format!(
                r#"{{"table":"t","column":"{kind}","type":"{kind}","storage":"cell","class":["personal"],"bind":"row",
                    "indexes":[{{"label":"i","kind":"exact","normaliser":"none/1","bits":63}}]}}"#
            )
        })
        .collect();
    let json = format!(r#"{{"tenantseal_policy":1,"version":1,"fields":[{}]}}"#, fields.join(","));
    let keys = Keyring::from_records(&kek(), core::iter::empty::<&[u8]>(), &options(suite)).unwrap();
    keys.install_policy(Policy::from_json(json.as_bytes()).unwrap()).unwrap();
    keys.create_tenant("t-1001").unwrap()
}

fn of_type(tenant: &Tenant, kind: &str) -> Field {
    tenant.field(&format!("t.{kind}")).unwrap()
}

fn name() -> Field {
    keyring().create_tenant("t-1001").unwrap().field("member.name").unwrap()
}

fn ids(len: usize) -> Int64Array {
    (0..i64::try_from(len).unwrap()).collect()
}

fn refused(position: usize, error: Error) -> BulkError {
    BulkError { position: Some(position), error }
}

fn array(array: impl Array + 'static) -> ArrayRef {
    Arc::new(array)
}

/// Every third is null.
fn notes(len: usize) -> StringArray {
    (0..len).map(|at| (at % 3 != 1).then(|| "值".repeat(at % 7))).collect()
}

fn utc(micros: Vec<Option<i64>>) -> ArrayRef {
    array(TimestampMicrosecondArray::from(micros).with_timezone("UTC"))
}

/// Type, what is sealed, what it opens as.
fn accepted() -> Vec<(&'static str, ArrayRef, ArrayRef)> {
    let texts = vec![Some("a"), None, Some(""), Some("张三")];
    let text = || array(StringArray::from(texts.clone()));
    let blobs: Vec<Option<&[u8]>> = vec![Some(b"\xff\0"), None, Some(b"")];
    let blob = || array(BinaryArray::from(blobs.clone()));
    let numbers = |numbers: Vec<Option<i64>>| array(Int64Array::from(numbers));
    let decimals = vec![Some("-12500.50"), None, Some("0.00"), Some("0.07")];
    let decimal = || array(StringArray::from(decimals.clone()));
    let hundredths = vec![Some(-1_250_050), None, Some(0), Some(7)];
    let json = vec![Some(r#"{"a": [1, null]}"#), None, Some("null")];
    let floats = vec![Some(-0.0), None, Some(f64::INFINITY), Some(5e-324)];
    let keys = Int8Array::from(vec![Some(1), None, Some(0), Some(1), Some(2)]);
    let words = array(StringArray::from(vec![Some("x"), Some("y"), None]));
    let unpacked = array(StringArray::from(vec![Some("y"), None, Some("x"), Some("y"), None]));
    vec![
        ("text", text(), text()),
        ("text", array(LargeStringArray::from(texts.clone())), text()),
        ("text", array(StringViewArray::from(texts.clone())), text()),
        ("text", array(DictionaryArray::new(keys, words)), unpacked),
        ("text", array(NullArray::new(2)), array(StringArray::new_null(2))),
        ("text", array(StringArray::new_null(0)), array(StringArray::new_null(0))),
        ("bytes", blob(), blob()),
        ("bytes", array(LargeBinaryArray::from(blobs.clone())), blob()),
        ("bytes", array(BinaryViewArray::from(blobs.clone())), blob()),
        (
            "bytes",
            array(FixedSizeBinaryArray::try_from_iter([b"abc", b"\0\xff\0"].into_iter()).unwrap()),
            array(BinaryArray::from(vec![&b"abc"[..], b"\0\xff\0"])),
        ),
        (
            "i64",
            numbers(vec![Some(i64::MIN), None, Some(i64::MAX)]),
            numbers(vec![Some(i64::MIN), None, Some(i64::MAX)]),
        ),
        ("i64", array(Int8Array::from(vec![Some(-128), None])), numbers(vec![Some(-128), None])),
        ("i64", array(Int16Array::from(vec![i16::MIN])), numbers(vec![Some(i16::MIN.into())])),
        ("i64", array(Int32Array::from(vec![i32::MIN])), numbers(vec![Some(i32::MIN.into())])),
        ("i64", array(UInt8Array::from(vec![u8::MAX])), numbers(vec![Some(255)])),
        ("i64", array(UInt16Array::from(vec![u16::MAX])), numbers(vec![Some(65_535)])),
        ("i64", array(UInt32Array::from(vec![u32::MAX])), numbers(vec![Some(u32::MAX.into())])),
        ("i64", array(UInt64Array::from(vec![(1 << 63) - 1])), numbers(vec![Some(i64::MAX)])),
        (
            "i64",
            array(DictionaryArray::<UInt64Type>::new(vec![1, 0].into(), numbers(vec![Some(7), Some(8)]))),
            numbers(vec![Some(8), Some(7)]),
        ),
        ("f64", array(Float64Array::from(floats.clone())), array(Float64Array::from(floats))),
        ("f64", array(Float32Array::from(vec![0.1])), array(Float64Array::from(vec![f64::from(0.1f32)]))),
        (
            "bool",
            array(BooleanArray::from(vec![Some(true), None, Some(false)])),
            array(BooleanArray::from(vec![Some(true), None, Some(false)])),
        ),
        ("decimal", decimal(), decimal()),
        (
            "decimal",
            array(Decimal128Array::from(hundredths.clone()).with_precision_and_scale(38, 2).unwrap()),
            decimal(),
        ),
        (
            "decimal",
            array(
                Decimal256Array::from(
                    hundredths.into_iter().map(|one| one.map(i256::from_i128)).collect::<Vec<_>>(),
                )
                .with_precision_and_scale(76, 2)
                .unwrap(),
            ),
            decimal(),
        ),
        (
            "decimal",
            array(Decimal128Array::from(vec![125]).with_precision_and_scale(5, 0).unwrap()),
            array(StringArray::from(vec!["125"])),
        ),
        (
            "date",
            array(Date32Array::from(vec![Some(-719_162), None, Some(2_932_896)])),
            array(Date32Array::from(vec![Some(-719_162), None, Some(2_932_896)])),
        ),
        (
            "timestamp",
            array(TimestampMicrosecondArray::from(vec![Some(-1), None, Some(1_750_000_000_500_000)])),
            utc(vec![Some(-1), None, Some(1_750_000_000_500_000)]),
        ),
        (
            "timestamp",
            array(TimestampSecondArray::from(vec![1_750_000_000]).with_timezone("+08:00")),
            utc(vec![Some(1_750_000_000_000_000)]),
        ),
        ("timestamp", array(TimestampMillisecondArray::from(vec![-7])), utc(vec![Some(-7_000)])),
        ("timestamp", array(TimestampNanosecondArray::from(vec![-7_000])), utc(vec![Some(-7)])),
        ("json", array(StringArray::from(json.clone())), array(StringArray::from(json))),
    ]
}

#[test]
fn arrays_of_every_type_open_as_what_they_were() {
    for suite in Suite::ALL {
        let tenant = typed(*suite);
        for (kind, values, expected) in accepted() {
            let field = of_type(&tenant, kind);
            let rows = ids(values.len());
            let cells = field.seal_array(&rows, &values).unwrap();
            assert_eq!(cells.data_type(), &DataType::Binary);
            assert_eq!(&field.open_array(&rows, &cells).unwrap(), &expected, "{kind}");
            // One by one, and each under its position as its number.
            let nonce = if *suite == Suite::default() { 24 } else { 32 };
            for (position, cell) in cells.as_binary::<i32>().iter().enumerate() {
                assert_eq!(cell.is_none(), expected.is_null(position), "{kind} {position}");
                let Some(cell) = cell else { continue };
                let row = i64::try_from(position).unwrap();
                assert!(field.open(row, cell).is_ok(), "{kind} {position}");
                assert_eq!(CellHeader::parse(cell).unwrap().suite, *suite);
                assert_eq!(cell[24 + nonce - 8..24 + nonce], row.to_be_bytes());
            }
            let column = field.seal_array_to_column(&rows, &values).unwrap();
            assert_eq!(SealedColumn::from_bytes(column.as_bytes()).unwrap(), column);
            assert_eq!(&field.open_column_to_array(&column, &rows).unwrap(), &expected, "{kind}");
            let parts: Vec<Option<Vec<u8>>> = field.column_to_cells(&column).unwrap();
            let parts: BinaryArray = parts.iter().map(Option::as_deref).collect();
            assert_eq!(&field.open_array(&rows, &parts).unwrap(), &expected, "{kind}");
            // A part of an array is an array.
            if values.len() > 2 {
                let (rows, values) = (rows.slice(1, values.len() - 2), values.slice(1, values.len() - 2));
                let cells = field.seal_array(&rows, &values).unwrap();
                assert_eq!(
                    &field.open_array(&rows, &cells).unwrap(),
                    &expected.slice(1, values.len()),
                    "{kind}"
                );
                let (rows, cells) = (rows.slice(1, values.len() - 1), cells.slice(1, values.len() - 1));
                assert_eq!(
                    &field.open_array(&rows, &cells).unwrap(),
                    &expected.slice(2, rows.len()),
                    "{kind}"
                );
                let column = field.seal_array_to_column(&rows, &values.slice(1, rows.len())).unwrap();
                assert_eq!(
                    &field.open_column_to_array(&column, &rows).unwrap(),
                    &expected.slice(2, rows.len()),
                    "{kind}"
                );
            }
            #[cfg(feature = "parallel")]
            {
                let cells = field.par_seal_array(&rows, &values).unwrap();
                assert_eq!(&field.par_open_array(&rows, &cells).unwrap(), &expected, "{kind}");
            }
        }
    }
}

#[test]
fn arrays_that_hold_no_values_of_the_type_are_refused() {
    let tenant = typed(Suite::default());
    let mut tried = 0;
    for (_, values, _) in accepted() {
        for kind in TYPES {
            let sealed = of_type(&tenant, kind).seal_array(&ids(values.len()), &values);
            let fits = accepted()
                .iter()
                .any(|(of, other, _)| of == &kind && other.data_type() == values.data_type());
            let is_empty = values.logical_null_count() == values.len();
            let is_text =
                matches!(values.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
            if fits || is_empty || is_text && matches!(kind, "decimal" | "json") {
                continue;
            }
            let is_dictionary = matches!(values.data_type(), DataType::Dictionary(_, _));
            if is_dictionary && matches!(kind, "decimal" | "json" | "i64" | "text") {
                continue;
            }
            assert_eq!(sealed.err(), Some(Error::WrongType.into()), "{:?} as {kind}", values.data_type());
            tried += 1;
        }
    }
    assert!(tried > 150, "{tried}");
    let cells = ids(3);
    assert_eq!(name().open_array(&ids(3), &cells).err(), Some(Error::WrongType.into()));
}

#[test]
fn values_that_are_none_of_the_type_are_refused_with_their_position() {
    let tenant = typed(Suite::default());
    let cases: Vec<(&str, ArrayRef)> = vec![
        ("i64", array(UInt64Array::from(vec![0, 1 << 63]))),
        ("f64", array(Float64Array::from(vec![0.0, f64::NAN]))),
        ("date", array(Date32Array::from(vec![0, -719_163]))),
        ("timestamp", array(TimestampSecondArray::from(vec![0, i64::MAX]))),
        ("timestamp", array(TimestampMillisecondArray::from(vec![0, i64::MAX]))),
        ("timestamp", array(TimestampMicrosecondArray::from(vec![0, i64::MAX]))),
        ("timestamp", array(TimestampNanosecondArray::from(vec![0, 1]))),
        ("timestamp", array(TimestampNanosecondArray::from(vec![0, -1]))),
        ("decimal", array(StringArray::from(vec!["0", "1e3"]))),
        ("json", array(StringArray::from(vec!["0", "{"]))),
    ];
    for (kind, values) in cases {
        let field = of_type(&tenant, kind);
        assert_eq!(field.seal_array(&ids(2), &values).unwrap_err(), refused(1, Error::Value), "{values:?}");
        assert_eq!(field.seal_array_to_column(&ids(2), &values).unwrap_err(), refused(1, Error::Value));
        assert!(field.seal_array(&ids(1), &values.slice(0, 1)).is_ok());
    }
}

#[test]
fn rows_and_values_are_as_many_and_no_row_is_null() {
    let field = name();
    let values = notes(6);
    let cells = field.seal_array(&ids(6), &values).unwrap();
    let column = field.seal_array_to_column(&ids(6), &values).unwrap();
    for (rows, position) in [(5, 5), (0, 0), (7, 6)] {
        let error = refused(position, Error::Value);
        assert_eq!(field.seal_array(&ids(rows), &values).unwrap_err(), error);
        assert_eq!(field.open_array(&ids(rows), &cells).unwrap_err(), error);
        assert_eq!(field.seal_array_to_column(&ids(rows), &values).unwrap_err(), error);
        assert_eq!(field.open_column_to_array(&column, &ids(rows)).unwrap_err(), error);
    }
    // Row 4 has no value, and no row either.
    for at in [3, 4] {
        let rows: Int64Array = (0..6i64).map(|row| (row != at).then_some(row)).collect();
        let error = refused(usize::try_from(at).unwrap(), Error::Value);
        assert_eq!(field.seal_array(&rows, &values).unwrap_err(), error);
        assert_eq!(field.open_array(&rows, &cells).unwrap_err(), error);
        assert_eq!(field.seal_array_to_column(&rows, &values).unwrap_err(), error);
        assert_eq!(field.open_column_to_array(&column, &rows).unwrap_err(), error);
    }
}

#[test]
fn rows_are_of_every_kind_that_a_row_is() {
    let tenant = keyring().create_tenant("t-1001").unwrap();
    let field = tenant.field("member.name").unwrap();
    let values = StringArray::from(vec!["x", "y"]);
    let words = array(StringArray::from(vec!["1", "2"]));
    let bytes = [&b"\0\x01"[..], b"\xff\xff"];
    let all: Vec<(ArrayRef, [Row<'_>; 2])> = vec![
        (array(Int8Array::from(vec![1, 2])), [1.into(), 2.into()]),
        (array(UInt64Array::from(vec![1, 2])), [1.into(), 2.into()]),
        (words.clone(), ["1".into(), "2".into()]),
        (array(LargeStringArray::from(vec!["1", "2"])), ["1".into(), "2".into()]),
        (array(StringViewArray::from(vec!["1", "2"])), ["1".into(), "2".into()]),
        (array(DictionaryArray::<Int8Type>::new(vec![1, 0].into(), words.clone())), ["2".into(), "1".into()]),
        (array(BinaryArray::from(bytes.to_vec())), bytes.map(Row::from)),
        (array(FixedSizeBinaryArray::try_from_iter(bytes.iter()).unwrap()), bytes.map(Row::from)),
    ];
    for (rows, expected) in &all {
        let cells = field.seal_array(rows, &values).unwrap();
        for (row, cell) in expected.iter().zip(cells.as_binary::<i32>().iter().flatten()) {
            assert!(field.open(*row, cell).is_ok(), "{rows:?}");
        }
        for (other, others) in &all {
            assert_eq!(field.open_array(other, &cells).is_ok(), others == expected, "{rows:?} {other:?}");
        }
    }
    let natural = |first: &str, second: i64| {
        let fields =
            vec![ArrowField::new("a", DataType::Utf8, true), ArrowField::new("b", DataType::Int64, true)];
        let columns: Vec<ArrayRef> =
            vec![array(StringArray::from(vec![first])), array(Int64Array::from(vec![second]))];
        StructArray::new(fields.into(), columns, None)
    };
    let blob = tenant.field("asset.blob").unwrap();
    let one = BinaryArray::from(vec![&b"x"[..]]);
    let cells = blob.seal_array(&natural("a", 1), &one).unwrap();
    let cell = cells.as_binary::<i32>().value(0);
    assert!(blob.open(Row::natural(&[Key::Text("a"), Key::Int(1)]), cell).is_ok());
    assert!(blob.open_array(&natural("a", 1), &cells).is_ok());
    assert_eq!(blob.open_array(&natural("a", 2), &cells).unwrap_err(), refused(0, Error::Open));
    let absent = StructArray::new(
        natural("a", 1).fields().clone(),
        natural("a", 1).columns().to_vec(),
        Some(vec![false].into()),
    );
    assert_eq!(blob.seal_array(&absent, &one).unwrap_err(), refused(0, Error::Value));
    let short = StructArray::from(vec![(
        Arc::new(ArrowField::new("a", DataType::Utf8, true)),
        array(StringArray::from(vec!["a"])),
    )]);
    let column = blob.seal_array_to_column(&natural("a", 1), &one).unwrap();
    assert!(blob.open_column_to_array(&column, &natural("a", 1)).is_ok());
    assert_eq!(blob.seal_array(&short, &one).unwrap_err(), Error::WrongBinding.into());
    assert_eq!(blob.open_array(&short, &cells).unwrap_err(), Error::WrongBinding.into());
    assert_eq!(blob.open_column_to_array(&column, &short).unwrap_err(), Error::WrongBinding.into());
    let free = tenant.field("asset.free").unwrap();
    let cells = free.seal_array(&NullArray::new(1), &one).unwrap();
    assert!(free.open(Row::UNBOUND, cells.as_binary::<i32>().value(0)).is_ok());
    assert!(free.open_array(&NullArray::new(1), &cells).is_ok());
    for (field, rows) in [(&free, array(ids(1))), (&blob, array(ids(1))), (&field, array(NullArray::new(1)))]
    {
        assert_eq!(field.seal_array(&rows, &NullArray::new(1)).unwrap_err(), Error::WrongBinding.into());
        assert_eq!(field.open_array(&rows, &cells).unwrap_err(), Error::WrongBinding.into());
    }
}

/// What data frames do to a column, the rows with it.
#[test]
fn cells_survive_sorting_filtering_shuffling_and_joining() {
    let field = name();
    let (rows, values) = (ids(500), notes(500));
    let cells = field.seal_array(&rows, &values).unwrap();
    let check = |rows: &dyn Array, cells: &dyn Array, values: &dyn Array| {
        assert_eq!(field.open_array(rows, cells).unwrap().as_string::<i32>(), values.as_string::<i32>());
    };
    let taken =
        |order: &UInt64Array, array: &dyn Array| arrow_select::take::take(array, order, None).unwrap();
    let backwards: UInt64Array = (0..500).rev().collect();
    let shuffled: UInt64Array = (0..500).map(|at| at * 7 % 500).collect();
    let repeated: UInt64Array = [3, 3, 499, 0, 3].into_iter().collect();
    for order in [backwards, shuffled, repeated] {
        check(&taken(&order, &rows), &taken(&order, &cells), &taken(&order, &values));
    }
    let mask: BooleanArray = (0..500).map(|at| Some(at % 5 == 2)).collect();
    let kept = |array: &dyn Array| arrow_select::filter::filter(array, &mask).unwrap();
    check(&kept(&rows), &kept(&cells), &kept(&values));
    let more = Int64Array::from_iter_values(500..600);
    let later = field.seal_array(&more, &notes(100)).unwrap();
    let joined = |one: &dyn Array, other: &dyn Array| arrow_select::concat::concat(&[one, other]).unwrap();
    check(&joined(&rows, &more), &joined(&cells, &later), &joined(&values, &notes(100)));
    // Out of step with their rows they do not open.
    let moved = taken(&(0..500).map(|at| (at + 2) % 500).collect(), &cells);
    assert_eq!(field.open_array(&rows, &moved).unwrap_err(), refused(0, Error::Open));
}

#[test]
fn cells_survive_a_parquet_file() {
    let tenant = keyring().create_tenant("t-1001").unwrap();
    let fields = BatchFields::new("id", [("name", tenant.field("member.name").unwrap())]).unwrap();
    let batch =
        RecordBatch::try_from_iter([("id", array(ids(3_000))), ("name", array(notes(3_000)))]).unwrap();
    let sealed = fields.seal(&batch).unwrap();
    let mut file = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut file, sealed.schema(), None).unwrap();
    writer.write(&sealed).unwrap();
    writer.close().unwrap();
    assert!(!file.windows(6).any(|window| window == "值值".as_bytes()));
    let reader =
        parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file));
    let mut found = 0;
    for read in reader.unwrap().with_batch_size(700).build().unwrap() {
        let read = read.unwrap();
        assert_eq!(read.schema().field(1).try_extension_type::<CellType>().unwrap().label(), "member.name");
        assert_eq!(fields.open(&read).unwrap(), batch.slice(found, read.num_rows()));
        found += read.num_rows();
    }
    assert_eq!(found, 3_000);
}

#[test]
fn arrays_of_any_kind_of_cell_open() {
    let keys = keyring();
    let tenant = keys.create_tenant("t-1001").unwrap();
    let field = tenant.field("member.name").unwrap();
    let old = field.seal_many([(0, "of a call"), (1, "of the same")]).unwrap();
    keys.rotate_tenant("t-1001").unwrap();
    let cells = [old[0].clone(), old[1].clone(), field.seal(2, "alone").unwrap()];
    let texts = [
        field.seal_text(0, "one").unwrap(),
        field.seal_text(1, "").unwrap(),
        field.seal_text(2, "张三").unwrap(),
    ];
    let mixed: Vec<&[u8]> = vec![&cells[0], texts[1].as_bytes(), &cells[2]];
    let opened = |cells: &dyn Array| {
        let opened = field.open_array(&ids(3), cells).unwrap();
        opened.as_string::<i32>().iter().map(|text| text.unwrap().to_owned()).collect::<Vec<_>>()
    };
    let binary = ["of a call", "of the same", "alone"];
    assert_eq!(opened(&BinaryArray::from_iter_values(&cells)), binary);
    assert_eq!(opened(&LargeBinaryArray::from_iter_values(&cells)), binary);
    assert_eq!(opened(&BinaryViewArray::from_iter_values(&cells)), binary);
    assert_eq!(opened(&StringArray::from_iter_values(&texts)), ["one", "", "张三"]);
    assert_eq!(opened(&LargeStringArray::from_iter_values(&texts)), ["one", "", "张三"]);
    assert_eq!(opened(&StringViewArray::from_iter_values(&texts)), ["one", "", "张三"]);
    assert_eq!(opened(&BinaryArray::from_iter_values(mixed)), ["of a call", "", "alone"]);
    // Plaintext where the policy takes it, and nowhere else.
    let plain = StringArray::from(vec!["plain", "", "a text that is longer than a header has bytes"]);
    let migrating = tenant.field("asset.old").unwrap();
    assert_eq!(migrating.open_array(&ids(3), &plain).unwrap().as_string::<i32>(), &plain);
    assert_eq!(field.open_array(&ids(3), &plain).unwrap_err(), refused(0, Error::Malformed));
    let claims = StringArray::from(vec!["plain", "ts1.claims to be a cell"]);
    assert_eq!(migrating.open_array(&ids(2), &claims).unwrap_err(), refused(1, Error::Malformed));
    let no_text = BinaryArray::from_iter_values([&b"plain"[..], b"\xff\xfe"]);
    assert_eq!(migrating.open_array(&ids(2), &no_text).unwrap_err(), refused(1, Error::WrongType));
}

#[test]
fn every_alteration_of_a_cell_in_an_array_is_refused() {
    let tenant = typed(Suite::default());
    let mut tried = 0;
    for (kind, value) in
        [("text", Value::Text("13800138000")), ("i64", Value::I64(7)), ("bool", Value::Bool(true))]
    {
        let field = of_type(&tenant, kind);
        let cell = field.seal(1, value).unwrap();
        let rows = Int64Array::from(vec![1, 1]);
        for altered in alterations(&cell) {
            let cells = BinaryArray::from_iter_values([&cell, &altered]);
            assert_eq!(field.open_array(&rows, &cells).unwrap_err().position, Some(1));
            tried += 1;
        }
        let text = field.seal_text(1, value).unwrap();
        for altered in alterations(text.as_bytes()) {
            let cells = BinaryArray::from_iter_values([text.as_bytes(), &altered]);
            assert_eq!(field.open_array(&rows, &cells).unwrap_err().position, Some(1));
            tried += 1;
        }
    }
    println!("{tried} alterations of a cell in an array, 0 accepted");
    assert!(tried > 5_000);
}

#[test]
fn every_alteration_of_a_column_is_refused_when_it_is_opened_to_an_array() {
    let tenant = typed(Suite::default());
    let cases = [
        ("text", array(StringArray::from(vec![Some("13800138000"), None, Some("")]))),
        ("i64", array(Int64Array::from(vec![Some(7), None, Some(8)]))),
    ];
    let mut tried = 0;
    for (kind, values) in cases {
        let field = of_type(&tenant, kind);
        let column = field.seal_array_to_column(&ids(3), &values).unwrap();
        for altered in alterations(column.as_bytes()) {
            let Ok(altered) = SealedColumn::from_bytes(altered) else { continue };
            assert!(field.open_column_to_array(&altered, &ids(altered.len())).is_err());
            assert!(field.open_column_to_array(&altered, &ids(3)).is_err());
            tried += 1;
        }
    }
    assert!(tried > 1_000, "{tried}");
}

#[test]
fn arrays_open_in_no_other_place_and_for_no_other_rows() {
    let keys = keyring();
    let fields: Vec<Field> = ["t-1001", "t-2002"]
        .into_iter()
        .flat_map(|tenant| {
            let tenant = keys.create_tenant(tenant).unwrap();
            let mobile = tenant.field("member.mobile").unwrap();
            let board = mobile.compartment("board").unwrap();
            [
                mobile,
                board,
                tenant.field("member.mobile_work").unwrap(),
                tenant.field("customer.mobile").unwrap(),
            ]
        })
        .collect();
    let values = StringArray::from(vec![None, Some("13800138000")]);
    for (from, sealer) in fields.iter().enumerate() {
        let cells = sealer.seal_array(&ids(2), &values).unwrap();
        let column = sealer.seal_array_to_column(&ids(2), &values).unwrap();
        for (to, opener) in fields.iter().enumerate() {
            let opened = opener.open_array(&ids(2), &cells).map(drop);
            let from_column = opener.open_column_to_array(&column, &ids(2)).map(drop);
            if from == to {
                assert_eq!((opened, from_column), (Ok(()), Ok(())));
            } else {
                assert_eq!(opened, Err(refused(1, Error::UnknownKey)));
                assert_eq!(from_column, Err(Error::UnknownKey.into()));
            }
        }
        let other = Int64Array::from(vec![0, 2]);
        assert_eq!(sealer.open_array(&other, &cells).unwrap_err(), refused(1, Error::Open));
        assert_eq!(sealer.open_column_to_array(&column, &other).unwrap_err(), refused(1, Error::Open));
    }
}

#[test]
fn arrays_of_a_generation_that_another_process_made_open() {
    pairs(|one, two| {
        let here = one.tenant("t-1001").unwrap().field("member.name").unwrap();
        let there = two.tenant("t-1001").unwrap().field("member.name").unwrap();
        one.rotate_tenant("t-1001").unwrap();
        let cells = here.seal_array(&ids(9), &notes(9)).unwrap();
        assert_eq!(there.open_array(&ids(9), &cells).unwrap().as_string::<i32>(), &notes(9));
    });
}

#[test]
fn columns_of_arrays_and_of_values_are_the_same_format() {
    for suite in Suite::ALL {
        let keys = keyring_of(*suite);
        let field = keys.create_tenant("t-1001").unwrap().field("member.name").unwrap();
        for len in [0, 1, 7, 8, 9, 300] {
            let values = notes(len);
            let from_array = field.seal_array_to_column(&ids(len), &values).unwrap();
            let opened = field.open_column(&from_array, ids(len).values().iter().copied()).unwrap();
            let texts: StringArray =
                opened.iter().map(|one| one.as_ref().map(|one| one.text().unwrap())).collect();
            assert_eq!(texts, values);
            let from_values = field.seal_column((0i64..).zip(values.iter())).unwrap();
            assert_eq!(from_values.as_bytes().len(), from_array.as_bytes().len());
            assert_eq!(
                field.open_column_to_array(&from_values, &ids(len)).unwrap().as_string::<i32>(),
                &values
            );
            // An array of cells is a column in other clothes.
            let cells = field.seal_array(&ids(len), &values).unwrap();
            let column = field.column_from_cells(cells.as_binary::<i32>().iter()).unwrap();
            assert_eq!(field.open_column_to_array(&column, &ids(len)).unwrap().as_string::<i32>(), &values);
        }
    }
}

#[test]
fn tokens_of_an_array_are_those_of_its_values() {
    let tenant = typed(Suite::default());
    for (kind, values, expected) in accepted() {
        let index = of_type(&tenant, kind).index("i").unwrap();
        let tokens = index.token_array(&values).unwrap();
        assert_eq!(tokens.len(), values.len());
        for (position, token) in tokens.iter().enumerate() {
            let value = match kind {
                _ if expected.is_null(position) => None,
                "text" => Some(Value::Text(expected.as_string::<i32>().value(position))),
                "decimal" => Some(Value::Decimal(expected.as_string::<i32>().value(position))),
                "i64" => Some(Value::I64(expected.as_primitive::<Int64Type>().value(position))),
                "bytes" => Some(Value::Bytes(expected.as_binary::<i32>().value(position))),
                _ => continue,
            };
            assert_eq!(token, value.map(|value| index.token(value).unwrap()), "{kind} {position}");
        }
    }
    let mobile = keyring().create_tenant("t").unwrap().field("member.mobile").unwrap();
    let values = StringArray::from(vec![Some("+86 138 0013 8000"), None, Some("no number")]);
    let index = mobile.index("exact").unwrap();
    assert_eq!(index.token_array(&values).unwrap_err(), refused(2, Error::Value));
    let token = index.token_array(&values.slice(0, 2)).unwrap();
    assert_eq!(token, Int64Array::from(vec![Some(index.token("13800138000").unwrap()), None]));
    assert_eq!(index.token_array(&ids(1)).unwrap_err(), Error::WrongType.into());
}

fn batch() -> RecordBatch {
    let schema = Schema::new(vec![
        ArrowField::new("id", DataType::Int64, false),
        ArrowField::new("name", DataType::Utf8, true)
            .with_metadata([("origin".to_owned(), "hr".to_owned())].into()),
        ArrowField::new("age", DataType::Int64, false),
        ArrowField::new("free", DataType::Binary, true),
    ])
    .with_metadata([("file".to_owned(), "one".to_owned())].into());
    let free = BinaryArray::from_iter_values((0..10).map(|at: u8| [at]));
    let columns = vec![array(ids(10)), array(notes(10)), array(ids(10)), array(free)];
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

#[test]
fn batches_are_sealed_and_opened_by_the_names_of_their_columns() {
    let tenant = keyring().create_tenant("t-1001").unwrap();
    let field = |label: &str| tenant.field(label).unwrap();
    let fields =
        BatchFields::new("id", [("name", field("member.name")), ("free", field("asset.free"))]).unwrap();
    let sealed = fields.seal(&batch()).unwrap();
    let schema = sealed.schema();
    assert_eq!(schema.metadata(), batch().schema().metadata());
    assert_eq!(schema.field(2), batch().schema().field(2));
    let name = schema.field(1);
    assert_eq!((name.data_type(), name.is_nullable()), (&DataType::Binary, true));
    assert_eq!(name.extension_type_name(), Some("tenantseal.cell"));
    assert_eq!(name.extension_type_metadata(), Some(r#"{"label":"member.name"}"#));
    assert_eq!(name.metadata()["origin"], "hr");
    assert_eq!(fields.open(&sealed).unwrap(), batch());
    #[cfg(feature = "parallel")]
    {
        assert_eq!(fields.par_open(&sealed).unwrap(), batch());
        assert_eq!(fields.open(&fields.par_seal(&batch()).unwrap()).unwrap(), batch());
    }
    // A writer that keeps nothing of the schema's metadata.
    let bare = RecordBatch::try_from_iter(
        ["id", "name", "age", "free"].into_iter().zip(sealed.columns().iter().cloned()),
    );
    assert_eq!(fields.open(&bare.unwrap()).unwrap().column(1), batch().column(1));
    // A batch of no rows.
    let none = batch().slice(0, 0);
    assert_eq!(fields.open(&fields.seal(&none).unwrap()).unwrap(), none);
}

#[test]
fn batches_that_do_not_fit_are_refused() {
    let tenant = keyring().create_tenant("t-1001").unwrap();
    let field = |label: &str| tenant.field(label).unwrap();
    let over = |row: &str, names: &[(&str, &str)]| {
        BatchFields::new(row, names.iter().map(|(name, label)| (*name, field(label))))
    };
    assert_eq!(over("id", &[("name", "member.name"), ("name", "member.note")]).err(), Some(Error::Value));
    assert_eq!(over("id", &[("id", "member.name")]).err(), Some(Error::Value));
    let refused = |column, error: Error| BatchError { column: Some(column), error: error.into() };
    let names = [("free", "asset.free"), ("name", "member.name")];
    let fields = over("id", &names).unwrap();
    let sealed = fields.seal(&batch()).unwrap();
    assert_eq!(fields.seal(&sealed).unwrap_err(), refused(0, Error::WrongType), "sealed twice");
    let absent = over("nobody", &names).unwrap();
    assert_eq!(absent.seal(&batch()).unwrap_err(), refused(1, Error::UnknownField));
    let absent = over("id", &[("nobody", "member.name")]).unwrap();
    assert_eq!(absent.open(&sealed).unwrap_err(), refused(0, Error::UnknownField));
    // What the schema says is looked at, and what it does not say is found by the key.
    let other = over("id", &[("free", "asset.free"), ("name", "member.note")]).unwrap();
    assert_eq!(other.open(&sealed).unwrap_err(), refused(1, Error::UnknownKey));
    let said = |metadata: &str| {
        let mut fields = sealed.schema().fields().to_vec();
        let mut said = fields[1].metadata().clone();
        said.insert("ARROW:extension:metadata".to_owned(), metadata.to_owned());
        fields[1] = Arc::new(fields[1].as_ref().clone().with_metadata(said));
        RecordBatch::try_new(Arc::new(Schema::new(fields)), sealed.columns().to_vec()).unwrap()
    };
    assert!(fields.open(&said(r#"{"label":"member.name"}"#)).is_ok());
    assert_eq!(fields.open(&said(r#"{"label":"member.note"}"#)).unwrap_err(), refused(1, Error::UnknownKey));
    for bad in ["", "{}", "member.name", r#"{"label":1}"#] {
        assert_eq!(fields.open(&said(bad)).unwrap_err(), refused(1, Error::Malformed), "{bad}");
    }
    let note = said(r#"{"label":"member.note"}"#);
    let cells_of_another = BatchError { column: Some(1), error: self::refused(0, Error::UnknownKey) };
    assert_eq!(other.open(&note).unwrap_err(), cells_of_another);
    let twice = RecordBatch::try_from_iter([
        ("id", array(ids(1))),
        ("name", array(notes(1))),
        ("name", array(notes(1))),
    ]);
    let fields = over("id", &[("name", "member.name")]).unwrap();
    assert_eq!(fields.seal(&twice.unwrap()).unwrap_err(), refused(0, Error::UnknownField));
    assert_eq!(refused(1, Error::Open).to_string(), "column 1: the sealed data does not open here");
    // A column that holds no nulls is said to hold none, sealed or open.
    let ages = over("id", &[("name", "member.name")]).unwrap();
    assert!(!ages.seal(&batch()).unwrap().schema().field(0).is_nullable());
}

#[cfg(feature = "parallel")]
#[test]
fn threads_change_nothing() {
    let tenant = typed(Suite::default());
    for threads in [1, 2, 3, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        for len in [0, 1, 2, 31, 32, 33, 2_000] {
            let numbers: Int64Array =
                (0..len).map(|at| (at % 3 != 1).then(|| i64::try_from(at).unwrap())).collect();
            let cases: [(&str, ArrayRef); 2] = [("text", array(notes(len))), ("i64", array(numbers))];
            for (kind, values) in &cases {
                let field = of_type(&tenant, kind);
                let cells = pool.install(|| field.par_seal_array(&ids(len), values)).unwrap();
                assert_eq!(&field.open_array(&ids(len), &cells).unwrap(), values);
                let serial = field.seal_array(&ids(len), values).unwrap();
                assert_eq!(serial.as_binary::<i32>().offsets(), cells.as_binary::<i32>().offsets());
                assert_eq!(&pool.install(|| field.par_open_array(&ids(len), &serial)).unwrap(), values);
                for (number, cell) in (0u64..).zip(cells.as_binary::<i32>().iter()) {
                    if let Some(cell) = cell {
                        assert_eq!(cell[24..40], cells.as_binary::<i32>().value(0)[24..40], "one salt");
                        assert_eq!(cell[40..48], number.to_be_bytes());
                    }
                }
            }
        }
        let field = of_type(&tenant, "json");
        let mut values: Vec<&str> = vec!["0"; 1_000];
        let rows = ids(1_000);
        for at in [999, 500, 251, 250] {
            values[at] = "{";
            let sealed = pool.install(|| field.par_seal_array(&rows, &StringArray::from(values.clone())));
            assert_eq!(sealed.unwrap_err(), refused(at, Error::Value));
        }
        let cells = field.seal_array(&rows, &StringArray::from(vec!["0"; 1_000])).unwrap();
        let mut cells: Vec<Vec<u8>> =
            cells.as_binary::<i32>().iter().map(|cell| cell.unwrap().to_vec()).collect();
        for at in [999, 500, 251, 250] {
            cells[at][60] ^= 1;
            let opened = pool.install(|| field.par_open_array(&rows, &BinaryArray::from_iter_values(&cells)));
            assert_eq!(opened.unwrap_err(), refused(at, Error::Open));
        }
    }
}

#[test]
fn what_arrow_holds_is_not_of_the_unit_it_was_written_in() {
    let field = of_type(&typed(Suite::default()), "timestamp");
    let cells = field.seal_array(&ids(1), &TimestampSecondArray::from(vec![7])).unwrap();
    let opened = field.open_array(&ids(1), &cells).unwrap();
    assert_eq!(opened.data_type(), &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())));
}
