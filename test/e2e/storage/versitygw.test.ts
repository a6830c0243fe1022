// What holds of SeaweedFS in `npm test` holds of versitygw, another maker's server: vitest.e2e.config.ts names it.
import "#test/training/storage/contract.test.ts";
import "#test/training/storage/s3-faults.test.ts";
