"""QRIS: payable codes made by an acquirer, and the payments that it tells of."""
