/// Finds one prime after the other. Those that it divides by are in its memory, which moves with it.
struct Primes {
    divisors: Vec<u64>,
    next: u64,
}

/// Divisors up to here are enough for numbers up to its square.
const LARGEST_DIVISOR: u64 = 1_000_000;

impl Primes {
    fn new() -> Primes {
        Primes { divisors: Vec::new(), next: 2 }
    }
}

impl Iterator for Primes {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        loop {
            let number = self.next;
            self.next += 1;
            let mut divisors = self.divisors.iter().take_while(|divisor| *divisor * *divisor <= number);
            if divisors.any(|divisor| number % divisor == 0) {
                continue;
            }
            if number < LARGEST_DIVISOR {
                self.divisors.push(number);
            }
            return Some(number);
        }
    }
}

/// Prints every thousandth prime.
fn main() {
    for (index, prime) in Primes::new().enumerate() {
        let count = index + 1;
        if count % 1000 == 0 {
            println!("{} {}", count, prime);
        }
    }
}

// `npx pluvio test` runs each of these in the sandbox.
#[cfg(test)]
mod tests {
    use super::Primes;

    #[test]
    fn begins_with_two() {
        assert_eq!(Primes::new().take(5).collect::<Vec<_>>(), [2, 3, 5, 7, 11]);
    }

    #[test]
    fn leaves_out_squares() {
        assert!(!Primes::new().take_while(|prime| *prime < 1000).any(|prime| prime == 31 * 31));
    }
}
