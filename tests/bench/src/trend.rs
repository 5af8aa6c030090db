//! Whether something grows, or only goes up and down: the line that half of all pairs of looks lie above and half below, and how far
//! looks usually are from it.

/// What a row of looks does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trend {
    /// The middle look.
    pub(crate) middle: f64,
    /// What the line rises from the first look to the last.
    pub(crate) rise: f64,
    /// How much of that may be chance: three times the usual distance from the line.
    pub(crate) noise: f64,
}

impl Trend {
    /// Of looks that are equally far apart; nothing of fewer than three.
    pub(crate) fn of(looks: &[f64]) -> Option<Self> {
        if looks.len() < 3 {
            return None;
        }
        let at = |place: usize| f64::from(u32::try_from(place).unwrap_or(u32::MAX));
        let mut slopes = Vec::new();
        for (place, look) in looks.iter().enumerate() {
            for (before, earlier) in looks[..place].iter().enumerate() {
                slopes.push((look - earlier) / at(place - before));
            }
        }
        let slope = middle(slopes);
        let level = middle(looks.iter().enumerate().map(|(place, look)| look - slope * at(place)).collect());
        let apart = looks.iter().enumerate().map(|(place, look)| (look - slope * at(place) - level).abs());
        // Half of all chances lie within 0.6745 of the usual distance.
        let usual = middle(apart.collect()) / 0.6745;
        Some(Self { middle: middle(looks.to_vec()), rise: slope * at(looks.len() - 1), noise: 3.0 * usual })
    }

    /// What the line rises beyond chance, where so large a part of the middle look is taken for chance at least; 0 where it is no more.
    pub(crate) fn beyond(self, part: f64) -> f64 {
        (self.rise - self.noise.max(self.middle * part)).max(0.0)
    }
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::Trend;

    fn beyond(looks: impl Iterator<Item = f64>) -> f64 {
        Trend::of(&looks.collect::<Vec<_>>()).map_or(f64::NAN, |trend| trend.beyond(0.01))
    }

    #[test]
    fn what_goes_up_and_down_does_not_grow_and_what_leaks_does() {
        let swing = |place: u32| f64::from((place * 7_919) % 13);
        assert!(beyond((0..60).map(|place| 1_000.0 + swing(place))) < f64::EPSILON);
        assert!(beyond((0..60).map(|place| 1_000.0 + swing(place) + f64::from(place) * 2.0)) > 50.0);
        assert!(beyond((0..60).map(|place| 1_000.0 - f64::from(place))) < f64::EPSILON);
        let jump = |place: u32| if place == 30 { 5_000.0 } else { 1_000.0 };
        assert!(beyond((0..60).map(jump)) < f64::EPSILON, "one look is no trend");
    }
}
