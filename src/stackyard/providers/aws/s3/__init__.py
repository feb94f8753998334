"""Amazon S3: buckets, their settings (each a resource of its own), and objects."""

TYPES = {
    "Bucket": "buckets",
    "BucketV2": "buckets",
    "BucketAcl": "settings",
    "BucketAclV2": "settings",
    "BucketCorsConfiguration": "settings",
    "BucketCorsConfigurationV2": "settings",
    "BucketLifecycleConfiguration": "lifecycles",
    "BucketLifecycleConfigurationV2": "lifecycles",
    "BucketLogging": "settings",
    "BucketLoggingV2": "settings",
    "BucketNotification": "notifications",
    "BucketObject": "objects",
    "BucketObjectv2": "objects",
    "BucketOwnershipControls": "settings",
    "BucketPolicy": "settings",
    "BucketPublicAccessBlock": "settings",
    "BucketServerSideEncryptionConfiguration": "settings",
    "BucketServerSideEncryptionConfigurationV2": "settings",
    "BucketVersioning": "settings",
    "BucketVersioningV2": "settings",
    "BucketWebsiteConfiguration": "settings",
    "BucketWebsiteConfigurationV2": "settings",
}
FUNCTIONS = {"getBucket": "lookups", "getObject": "lookups"}
