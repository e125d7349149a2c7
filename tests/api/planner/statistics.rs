//! How likely it is that chance alone is so far from a prediction.

/// The probability that a chi-square variable of `freedom` degrees is `x` or more: `Q(freedom / 2, x / 2)`, DLMF 8.2.4.
pub(super) fn chi_square_survival(x: f64, freedom: f64) -> f64 {
    let (a, z) = (freedom / 2.0, x / 2.0);
    let scale = (a * z.ln() - z - ln_gamma(a)).exp();
    if z < a + 1.0 {
        // DLMF 8.11.4: P(a, z) = scale / a * (1 + z / (a + 1) + z^2 / ((a + 1)(a + 2)) + ...)
        let (mut term, mut sum, mut next) = (1.0, 1.0, a);
        while term > sum * 1e-15 {
            next += 1.0;
            term *= z / next;
            sum += term;
        }
        1.0 - scale / a * sum
    } else {
        // DLMF 8.9.2, by Lentz's method: Q(a, z) = scale / (z + 1 - a - 1(1 - a) / (z + 3 - a - ...))
        let mut b = z + 1.0 - a;
        let (mut c, mut d) = (1e300, 1.0 / b);
        let mut fraction = d;
        let mut step = 0.0;
        loop {
            step += 1.0;
            let numerator = step * (a - step);
            b += 2.0;
            d = 1.0 / (numerator * d + b);
            c = b + numerator / c;
            fraction *= c * d;
            if (c * d - 1.0).abs() < 1e-15 {
                return scale * fraction;
            }
        }
    }
}

/// DLMF 5.11.1, after the recurrence 5.5.1 has made the argument large.
fn ln_gamma(a: f64) -> f64 {
    let (mut a, mut shift) = (a, 0.0);
    while a < 15.0 {
        shift += a.ln();
        a += 1.0;
    }
    let square = a * a;
    let tail = (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / (1260.0 * square)) / square) / a;
    (a - 0.5) * a.ln() - a + (2.0 * core::f64::consts::PI).ln() / 2.0 + tail - shift
}

#[test]
fn the_survival_function_has_its_tabulated_values() {
    // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.4.
    for (x, freedom, expected) in [
        (3.841, 1.0, 0.05),
        (10.828, 1.0, 0.001),
        (18.307, 10.0, 0.05),
        (3.940, 10.0, 0.95),
        (124.342, 100.0, 0.05),
        (149.449, 100.0, 0.001),
        (77.929, 100.0, 0.95),
    ] {
        let found = chi_square_survival(x, freedom);
        assert!((found / expected - 1.0).abs() < 2e-3, "{x} {freedom}: {found}");
    }
    // Near a mean of many degrees it is a normal variable: 2 standard deviations above.
    let many = chi_square_survival(262_143.0 + 2.0 * 524_286.0_f64.sqrt(), 262_143.0);
    assert!((many - 0.02275).abs() < 3e-4, "{many}");
}
