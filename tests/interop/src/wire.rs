//! What goes from one side to the other.

/// A request, a reply or a URL check, as it goes over the wire.
#[derive(Clone)]
pub struct Wire {
    pub query: Option<String>,
    pub body: Option<String>,
}

impl Wire {
    /// Changes one letter or digit of the ciphertext, and nothing of the signature.
    pub fn alter(&mut self, place: u64) -> Result<(), String> {
        let (text, marks) = match (&mut self.body, &mut self.query) {
            (Some(body), _) => (body, ["<Encrypt><![CDATA[", "<Encrypt>", "\"encrypt\":\""]),
            (None, Some(query)) => (query, ["&echostr=", "echostr=", "echostr="]),
            (None, None) => return Err("there is nothing to alter".into()),
        };
        let start = marks.iter().find_map(|mark| text.find(mark).map(|at| at + mark.len()));
        let start = start.ok_or_else(|| format!("no ciphertext in {text:?}"))?;
        let bytes = text.as_bytes();
        let end =
            bytes[start..].iter().position(|byte| b"]<\"&".contains(byte)).unwrap_or(bytes.len() - start);
        // Not what belongs to a percent sign: `%2B` would become another sign, or none.
        let places: Vec<usize> = (start..start + end)
            .filter(|at| {
                bytes[*at].is_ascii_alphanumeric() && bytes[*at - 1] != b'%' && bytes[*at - 2] != b'%'
            })
            .collect();
        let place = usize::try_from(place >> 1).unwrap_or(0) % places.len();
        let at = places[place];
        let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
        text.replace_range(at..=at, other);
        Ok(())
    }
}
