//! `id_card/1`: a resident identity card number (公民身份号码, GB 11643), in 18 characters.

use crate::error::Error;

/// White space and `-` are dropped, full-width characters become ASCII, `x` becomes `X`. Of 18 characters the check
/// character must be right, ISO 7064 MOD 11-2; a number of the first generation, 15 digits, is brought to 18 by the
/// `19` of its year and the check character.
///
/// # Errors
///
/// [`Error::Value`] for everything else.
pub(crate) fn id_card(text: &str) -> Result<String, Error> {
    let mut number = id_card_characters(text)?;
    if number.len() == 15 {
        number.insert_str(6, "19");
        number.push(check_character(&number)?);
    }
    let (digits, last) = number.split_at_checked(17).ok_or(Error::Value)?;
    let sound = number.len() == 18 && last.starts_with(check_character(digits)?) && !number.starts_with('0');
    if sound { Ok(number) } else { Err(Error::Value) }
}

/// ASCII digits and `X`; what separates them is dropped.
pub(crate) fn id_card_characters(text: &str) -> Result<String, Error> {
    let mut number = String::with_capacity(text.len().max(18));
    for character in text.trim().chars() {
        match character {
            '0'..='9' => number.push(character),
            '０'..='９' => {
                let digit = u32::from(character) - u32::from('０');
                number.push(char::from_digit(digit, 10).ok_or(Error::Value)?);
            }
            'x' | 'X' | 'ｘ' | 'Ｘ' => number.push('X'),
            '-' | '－' => {}
            space if space.is_whitespace() => {}
            _ => return Err(Error::Value),
        }
    }
    Ok(number)
}

/// ISO 7064 MOD 11-2 over 17 digits.
fn check_character(digits: &str) -> Result<char, Error> {
    let sum = digits.chars().try_fold(0u32, |sum, digit| Some((sum + digit.to_digit(10)?) * 2 % 11));
    let check = (12 - sum.filter(|_| digits.len() == 17).ok_or(Error::Value)?) % 11;
    if check == 10 { Ok('X') } else { char::from_digit(check, 10).ok_or(Error::Value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_number_is_one() {
        // The example of GB 11643-1999.
        for text in [
            "11010519491231002X",
            "11010519491231002x",
            "110105 19491231 002X",
            "１１０１０５１９４９１２３１００２Ｘ",
            "110105-19491231-002X\n",
        ] {
            assert_eq!(id_card(text).as_deref(), Ok("11010519491231002X"), "{text}");
        }
        assert_eq!(id_card("440524188001010014").as_deref(), Ok("440524188001010014"));
        // Of the first generation.
        assert_eq!(id_card("110105491231002").as_deref(), Ok("11010519491231002X"));
    }

    #[test]
    fn one_wrong_or_moved_digit_is_noticed() {
        let good = "11010519491231002X";
        for at in 0..18 {
            for digit in "0123456789X".chars() {
                let mut altered = good.to_owned();
                altered.replace_range(at..=at, &digit.to_string());
                assert_eq!(id_card(&altered).is_ok(), altered == good, "{altered}");
            }
        }
        for at in 0..17 {
            let mut moved: Vec<char> = good.chars().collect();
            moved.swap(at, at + 1);
            let moved: String = moved.into_iter().collect();
            assert_eq!(id_card(&moved).is_ok(), moved == good, "{moved}");
        }
        for bad in [
            "",
            "X",
            "1101051949123100",
            "110105194912310022X",
            "a10105194912310020",
            "X1010519491231002X",
            "张三",
        ] {
            assert_eq!(id_card(bad), Err(Error::Value), "{bad}");
        }
    }
}
