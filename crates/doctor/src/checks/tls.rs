//! F08: the TLS handshake fails, or its certificate is not believed.

use super::{Cause, Finding, Grade, Judgement, Nature};
use crate::case::Case;
use crate::evidence::{FactKey, Value};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::symptom::Ailment;
use crate::words::Code;

/// An https address whose handshake was refused, in the words of the verifier.
pub(super) const CAUSE: Cause = Cause {
    id: "F08",
    slug: "tls-refused",
    title: Code::TlsTitle,
    nature: Nature::Access,
    required: &[&[FactKey::TlsOutcome]],
    supporting: &[FactKey::TlsHandshakeMs, FactKey::ConnectOutcome],
    refutes: &[],
    look_alikes: &["F12", "F01"],
    bound: None,
    examine,
};

fn examine(case: &Case<'_>) -> Judgement {
    let fact = case.evidence.any(FactKey::TlsOutcome);
    let Some((fact, why)) = fact.and_then(|fact| match &fact.value {
        Value::Text(why) => Some((fact, why)),
        _ => None,
    }) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    if !fact.object.starts_with("https://") {
        return Judgement::RuledOut(Sentence::new(Code::TlsNotUsed).name("why", why, fact));
    }
    if why == "trusted" {
        let took = case.evidence.find(FactKey::TlsHandshakeMs, &fact.object);
        let time = took.and_then(|took| case.ms(Expr::value(took)));
        let Some(time) = time else {
            return Judgement::lacking(case, &[FactKey::TlsHandshakeMs]);
        };
        let says = Sentence::new(Code::TlsTrusted).name("address", &fact.object, fact);
        return Judgement::RuledOut(says.figure("time", &time));
    }
    let says = Sentence::new(Code::Tls).name("address", &fact.object, fact).name("why", why, fact);
    let kept_out = case.ailing(Ailment::Unreachable).map(|symptom| symptom.object.clone());
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: fact.object.clone(),
        says,
        chain: Vec::new(),
        explains: kept_out.into_iter().collect(),
        share: None,
        grade: Grade::Proven,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, judge};

    const ADDRESS: &str = "https://localhost:8443/";

    #[test]
    fn an_expired_certificate_is_found_and_keeps_everybody_out() {
        let bed = Bed::new().fact(FactKey::ConnectOutcome, ADDRESS, "tls").fact(
            FactKey::TlsOutcome,
            ADDRESS,
            "the certificate has expired",
        );
        let finding = assert_found(judge(&CAUSE, bed));
        assert_eq!(finding.explains, [ADDRESS]);
    }

    #[test]
    fn a_trusted_certificate_is_ruled_out() {
        let bed = Bed::new().fact(FactKey::TlsOutcome, ADDRESS, "trusted").fact(
            FactKey::TlsHandshakeMs,
            ADDRESS,
            8.0,
        );
        assert_ruled_out(judge(&CAUSE, bed), Code::TlsTrusted);
    }

    #[test]
    fn a_plain_address_is_ruled_out() {
        let bed =
            Bed::new().fact(FactKey::TlsOutcome, "http://localhost/", "there is no handshake");
        assert_ruled_out(judge(&CAUSE, bed), Code::TlsNotUsed);
    }
}
