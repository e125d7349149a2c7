//! Padded and deterministic fields in columns, on threads and in arrays.

use tenantseal::{
    Error,
    field::{Field, Row, SealedColumn},
    tenant::{Keyring, Policy, Suite},
};

use crate::fixture::{alterations, kek, options};

fn fields(suite: Suite) -> [Field; 3] {
    let keys = Keyring::from_records(&kek(), core::iter::empty::<&[u8]>(), &options(suite)).unwrap();
    let json = r#"{"tenantseal_policy":1,"version":1,"fields":[
        {"table":"t","column":"block","type":"text","storage":"cell","class":["personal"],"bind":"row","padding":{"block":16}},
        {"table":"t","column":"count","type":"i64","storage":"cell","class":["personal"],"bind":"row","padding":"padme"},
        {"table":"t","column":"same","type":"text","storage":"deterministic","class":["personal"],"bind":"unbound",
         "domain":"d","padding":{"block":32}}]}"#;
    keys.install_policy(Policy::from_json(json.as_bytes()).unwrap()).unwrap();
    let tenant = keys.create_tenant("t-1").unwrap();
    ["t.block", "t.count", "t.same"].map(|label| tenant.field(label).unwrap())
}

const TEXTS: [Option<&str>; 5] =
    [Some(""), None, Some("123456789012345"), Some("1234567890123456"), Some("张三")];

#[test]
fn a_padded_column_opens_and_shows_no_lengths() {
    for suite in Suite::ALL {
        let [block, ..] = fields(*suite);
        let column = block.seal_column((0..).zip(TEXTS)).unwrap();
        assert!(column.header().is_padded);
        let opened = block.open_column(&column, 0..5).unwrap();
        let texts: Vec<_> = opened.iter().map(|one| one.as_ref().map(|one| one.text().unwrap())).collect();
        assert_eq!(texts, TEXTS);
        let same = block.seal_column((0..).zip(TEXTS.map(|text| text.map(|_| "x")))).unwrap();
        let longer = column.as_bytes().len() - same.as_bytes().len();
        assert_eq!(longer, 16, "one value of 16 bytes takes a second block");
        let cells = block.column_to_cells(&column).unwrap();
        for (row, (cell, text)) in (0..).zip(cells.iter().zip(TEXTS)) {
            let Some(cell) = cell else { continue };
            assert_eq!(block.open(row, cell).unwrap().text().ok(), text);
            assert_eq!(block.sealed_len(text.unwrap().len()), Ok(cell.len()));
        }
        assert_eq!(block.column_from_cells(cells).unwrap(), column);
        let mut tried = 0;
        for altered in alterations(column.as_bytes()) {
            let refused =
                SealedColumn::from_bytes(altered).and_then(|column| Ok(block.open_column(&column, 0..5)?));
            assert!(refused.is_err());
            tried += 1;
        }
        println!("{suite:?}: {tried} alterations of a padded column, 0 accepted");
        assert!(tried > 1_000);
    }
}

#[test]
fn a_deterministic_field_has_no_sealed_column() {
    for suite in Suite::ALL {
        let [block, _, same] = fields(*suite);
        let rows = || [(Row::UNBOUND, Some("a")), (Row::UNBOUND, None)];
        assert_eq!(same.seal_column(rows()).map_err(Error::from).err(), Some(Error::Unsupported));
        let cell = same.seal(Row::UNBOUND, "a").unwrap();
        assert_eq!(
            same.column_from_cells([Some(&cell)]).map_err(Error::from).err(),
            Some(Error::Unsupported)
        );
        let mut bytes = block.seal_column([(1, Some("a"))]).unwrap().into_bytes();
        bytes[8 + 3] = 2;
        assert_eq!(SealedColumn::from_bytes(bytes).err(), Some(Error::Unsupported));
    }
}

#[cfg(feature = "parallel")]
#[test]
fn threads_pad_and_repeat_as_one_does() {
    for suite in Suite::ALL {
        let [block, _, same] = fields(*suite);
        let texts: Vec<String> = (0..300usize).map(|at| "x".repeat(at % 40)).collect();
        let rows: Vec<_> = (0i64..).zip(&texts).collect();
        let cells = block.par_seal_many(rows.clone()).unwrap();
        for ((row, text), cell) in rows.iter().zip(&cells) {
            assert_eq!(block.sealed_len(text.len()), Ok(cell.len()));
            assert_eq!(block.open(*row, cell).unwrap().text(), Ok(text.as_str()));
        }
        let opened = block.par_open_many((0i64..300).zip(&cells).collect::<Vec<_>>()).unwrap();
        assert!(opened.iter().zip(&texts).all(|(one, text)| one.text() == Ok(text)));
        let unbound: Vec<_> = texts.iter().map(|text| (Row::UNBOUND, text)).collect();
        let serial = same.seal_many(unbound.iter().map(|(row, text)| (*row, text.as_str()))).unwrap();
        assert_eq!(same.par_seal_many(unbound).unwrap(), serial, "equal values, equal cells");
        assert!(tenantseal::field::CellHeader::parse(&serial[0]).unwrap().is_padded);
        assert_eq!(
            same.par_open_many(vec![(Row::UNBOUND, &serial[39])]).unwrap()[0].text(),
            Ok(texts[39].as_str())
        );
    }
}

#[cfg(feature = "arrow")]
#[test]
fn arrays_are_padded_and_opened_without_their_padding() {
    use arrow_array::{Array as _, Int64Array, NullArray, StringArray, cast::AsArray as _, types::Int64Type};

    for suite in Suite::ALL {
        let [block, count, same] = fields(*suite);
        let (ids, texts) = (Int64Array::from_iter_values(0..5), StringArray::from(TEXTS.to_vec()));
        let cells = block.seal_array(&ids, &texts).unwrap();
        let lens: Vec<_> = cells.as_binary::<i32>().iter().map(|cell| cell.map(<[u8]>::len)).collect();
        let expected = TEXTS.map(|text| text.map(|text| block.sealed_len(text.len()).unwrap()));
        assert_eq!(lens, expected);
        assert_eq!(block.open_array(&ids, &cells).unwrap().as_string::<i32>(), &texts);
        let column = block.seal_array_to_column(&ids, &texts).unwrap();
        assert_eq!(block.open_column_to_array(&column, &ids).unwrap().as_string::<i32>(), &texts);
        assert!(block.open_column_to_array(&column, &Int64Array::from_iter_values(1..6)).is_err());

        let numbers = Int64Array::from(vec![Some(-1), None, Some(i64::MAX), Some(0), Some(1)]);
        let cells = count.seal_array(&ids, &numbers).unwrap();
        assert_eq!(count.open_array(&ids, &cells).unwrap().as_primitive::<Int64Type>(), &numbers);
        let column = count.seal_array_to_column(&ids, &numbers).unwrap();
        assert_eq!(count.open_column_to_array(&column, &ids).unwrap().as_primitive::<Int64Type>(), &numbers);

        let rows = NullArray::new(5);
        let cells = same.seal_array(&rows, &texts).unwrap();
        let again = same.seal_array(&rows, &texts).unwrap();
        assert_eq!(&cells, &again, "equal values, equal cells");
        assert_eq!(cells.null_count(), 1);
        assert_eq!(same.open_array(&rows, &cells).unwrap().as_string::<i32>(), &texts);
        let broken = same.seal_array_to_column(&rows, &texts).map_err(Error::from).err();
        assert_eq!(broken, Some(Error::Unsupported));
        let bare = fields(*suite)[0].seal_array(&ids, &NullArray::new(5)).unwrap();
        assert_eq!(bare.null_count(), 5);
    }
}
