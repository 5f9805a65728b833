from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("register", "0006_access")]
    operations = [
        migrations.CreateModel(
            name="Note",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("register", models.CharField(max_length=60, verbose_name="登记簿")),
                ("row", models.BigIntegerField(verbose_name="行号")),
                ("by", models.CharField(max_length=150, verbose_name="何人")),
                ("at", models.DateTimeField(auto_now_add=True, verbose_name="时间")),
                ("text", models.TextField(verbose_name="内容")),
                ("is_pinned", models.BooleanField(default=False, verbose_name="置顶")),
            ],
            options={
                "verbose_name": "备注",
                "verbose_name_plural": "备注",
                "ordering": ("-is_pinned", "-pk"),
                "indexes": [models.Index(fields=["register", "row"], name="register_note_row")],
            },
        ),
        migrations.CreateModel(
            name="Attachment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("register", models.CharField(max_length=60, verbose_name="登记簿")),
                ("row", models.BigIntegerField(verbose_name="行号")),
                ("by", models.CharField(max_length=150, verbose_name="何人")),
                ("at", models.DateTimeField(auto_now_add=True, verbose_name="时间")),
                ("name", models.CharField(max_length=255, verbose_name="文件名")),
                ("digest", models.CharField(max_length=64, verbose_name="文件指纹")),
                ("size", models.BigIntegerField(verbose_name="大小（字节）")),
                ("kind", models.CharField(max_length=100, verbose_name="类型")),
            ],
            options={
                "verbose_name": "附件",
                "verbose_name_plural": "附件",
                "ordering": ("-pk",),
                "indexes": [models.Index(fields=["register", "row"], name="register_attachment_row")],
            },
        ),
        migrations.CreateModel(
            name="CustomField",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("register", models.CharField(max_length=60, verbose_name="登记簿")),
                ("name", models.SlugField(max_length=40, verbose_name="字段")),
                ("label", models.CharField(max_length=60, verbose_name="列名")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("text", "文字"),
                            ("number", "数值"),
                            ("integer", "整数"),
                            ("date", "日期"),
                            ("flag", "是否"),
                            ("choice", "选项"),
                        ],
                        max_length=10,
                        verbose_name="类型",
                    ),
                ),
                ("unit", models.CharField(blank=True, max_length=10, verbose_name="单位")),
                ("choices", models.JSONField(blank=True, default=list, verbose_name="选项")),
                ("aliases", models.JSONField(blank=True, default=list, verbose_name="也认作")),
                ("help", models.CharField(blank=True, max_length=200, verbose_name="说明")),
                ("sensitivity", models.CharField(blank=True, max_length=40, verbose_name="敏感类别")),
                ("order", models.PositiveSmallIntegerField(default=0, verbose_name="次序")),
                ("is_retired", models.BooleanField(default=False, verbose_name="停用")),
            ],
            options={
                "verbose_name": "自定义列",
                "verbose_name_plural": "自定义列",
                "ordering": ("register", "order", "pk"),
                "constraints": [
                    models.UniqueConstraint(fields=("register", "name"), name="register_custom_name"),
                    models.UniqueConstraint(fields=("register", "label"), name="register_custom_label"),
                ],
            },
        ),
    ]
