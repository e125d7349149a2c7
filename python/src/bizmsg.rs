//! What `tenantseal.wecom.WXBizMsgCrypt` is made of.

use pyo3::{prelude::*, types::PyBytes};
use tenantseal::wecom::{self, Reply};

use crate::{
    convert::Input,
    error::{OrRaise as _, no_pickle},
};

/// The three calls of Tencent's samples: each returns Tencent's code and, with 0, bytes.
#[pyclass(frozen, module = "tenantseal")]
pub(crate) struct BizMsgCrypt(wecom::BizMsgCrypt);

type Answer<'py> = (i32, Option<Bound<'py, PyBytes>>);

#[pymethods]
#[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
impl BizMsgCrypt {
    #[new]
    fn new(py: Python<'_>, token: &str, encoding_aes_key: &str, receive_id: &str) -> PyResult<Self> {
        wecom::BizMsgCrypt::new(token, encoding_aes_key, receive_id).or_raise(py).map(Self)
    }

    fn verify_url<'py>(
        &self,
        py: Python<'py>,
        msg_signature: Input,
        timestamp: Input,
        nonce: Input,
        echostr: Input,
    ) -> Answer<'py> {
        let [signature, timestamp, nonce, echostr] =
            [&msg_signature, &timestamp, &nonce, &echostr].map(Input::as_bytes);
        match self.0.verify_url(signature, timestamp, nonce, echostr) {
            Ok(echo) => (0, Some(PyBytes::new(py, echo.as_bytes()))),
            Err(refused) => (refused.code(), None),
        }
    }

    fn decrypt_msg<'py>(
        &self,
        py: Python<'py>,
        body: Input,
        msg_signature: Input,
        timestamp: Input,
        nonce: Input,
    ) -> Answer<'py> {
        let [body, signature, timestamp, nonce] =
            [&body, &msg_signature, &timestamp, &nonce].map(Input::as_bytes);
        match self.0.decrypt_msg(body, signature, timestamp, nonce) {
            Ok(message) => (0, Some(PyBytes::new(py, message.expose_secret()))),
            Err(refused) => (refused.code(), None),
        }
    }

    #[pyo3(signature = (reply, nonce, timestamp, json))]
    fn encrypt_msg<'py>(
        &self,
        py: Python<'py>,
        reply: Input,
        nonce: &str,
        timestamp: Option<&str>,
        json: bool,
    ) -> Answer<'py> {
        let write = if json { Reply::to_json } else { Reply::to_xml };
        match self.0.encrypt_msg(reply.as_bytes(), nonce, timestamp) {
            Ok(reply) => (0, Some(PyBytes::new(py, write(&reply).as_bytes()))),
            Err(refused) => (refused.code(), None),
        }
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(no_pickle(&slf.get_type()))
    }
}
